use std::path::{Path, PathBuf};

use omnigen2_pipeline::metadata::{self, Record, ReferenceRecord};
use omnigen2_pipeline::{ImageRequest, Round};
use serde_json::json;

use super::args::Args;
use crate::console::{Console, print, tame};
use crate::drawing::{not_repeatable, references};
use crate::failure::Failure;
use crate::sheet::{Panel, sheet};

/// Writes and says what comes of the rounds.
pub(super) struct Report<'a> {
    args: &'a Args,
    /// The record of the first round's request.
    record: Record,
    console: &'a Console,
    /// The files of pictures that a round may have edited.
    known: Vec<ReferenceRecord>,
    /// Rounds of a contact sheet.
    kept: Vec<Round>,
}

impl<'a> Report<'a> {
    pub(super) fn new(args: &'a Args, record: Record, console: &'a Console) -> Self {
        Self { args, known: record.references.clone(), record, console, kept: Vec::new() }
    }

    pub(super) fn add(&mut self, round: Round) -> Result<(), Failure> {
        let path =
            self.args.keep_all.as_ref().map(|folder| folder.join(format!("round-{}.png", round.index)));
        if let Some(path) = &path {
            metadata::save(path, &round.picture, &self.record(&round))?;
            self.known.push(references::written(path, &round.picture));
        }
        let found = tame(&found(&round));
        self.console.say(format_args!("round {} of {}: {found}", round.index, self.args.rounds));
        if self.args.json {
            print_round(&round, path)?;
        }
        if self.args.keep_all.is_some() {
            self.kept.push(round);
        }
        Ok(())
    }

    pub(super) fn finish(&self, best: &Round) -> Result<(), Failure> {
        let output = &self.args.output;
        metadata::save(output, &best.picture, &self.record(best))?;
        if let Some(folder) = &self.args.keep_all {
            self.write_sheet(&folder.join("contact-sheet.png"))?;
        }
        if self.args.json {
            print(json!({ "best": best.index, "path": output.to_string_lossy() }))
        } else {
            print(output.display())
        }
    }

    /// A round whose references are in no file cannot be drawn again.
    fn record(&self, round: &Round) -> Record {
        let references = references::named(&round.request.references, &self.known);
        let mut record = Record {
            request: ImageRequest { references: Vec::new(), conversation: None, ..round.request.clone() },
            references: references.clone().unwrap_or_default(),
            ..self.record.clone()
        };
        record.settings.insert("round".into(), format!("{} of {}", round.index, self.args.rounds));
        if references.is_none() {
            not_repeatable(&mut record, "it mends a picture that was not kept; --keep-all keeps them");
        }
        record
    }

    fn write_sheet(&self, path: &Path) -> Result<(), Failure> {
        let title = |round: &Round| format!("Round {}: {}", round.index, round.request.prompt);
        let panels: Vec<_> = self
            .kept
            .iter()
            .map(|round| Panel { picture: &round.picture, title: title(round), text: found(round) })
            .collect();
        let mut record = self.record.clone();
        not_repeatable(&mut record, "it is a contact sheet of the rounds beside it");
        Ok(metadata::save(path, &sheet(&panels), &record)?)
    }
}

/// The findings of a critic in a round, in a line.
pub(crate) fn found(round: &Round) -> String {
    let critique = &round.critique;
    let verdict = if critique.satisfied() {
        "satisfied".into()
    } else {
        format!("unmet: {}", critique.unmet.join("; "))
    };
    match &round.next {
        Some(next) => format!("{verdict}. Next: {next}"),
        None => verdict,
    }
}

fn print_round(round: &Round, path: Option<PathBuf>) -> Result<(), Failure> {
    let critique = &round.critique;
    print(json!({
        "round": round.index,
        "path": path.map(|path| path.to_string_lossy().into_owned()),
        "satisfied": critique.satisfied(),
        "unmet": critique.unmet,
        "critique": critique.text,
        "next": round.next,
        "score": critique.score,
    }))
}
