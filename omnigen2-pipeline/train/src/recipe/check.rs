//! The limits of a recipe's settings.

use std::path::{Component, Path, PathBuf};

use super::{Examples, Part, Recipe, Weights};
use crate::error::TrainError;
use crate::optimiser::AdamW;
use crate::times::TimeSampling;
use crate::world::Mixture;

const MOST_BATCH: u64 = 4096;
/// On a CPU every batch of a step has a thread of its own.
const MOST_ACCUMULATE: u64 = 1024;
const MOST_GATHER: u64 = 65_536;
/// The pictures of all examples that are gathered are in memory together.
const MOST_GATHERED: u64 = 1 << 20;

type Checked = Result<(), TrainError>;

impl Recipe {
    /// Checks every setting that can be checked without opening a file.
    ///
    /// # Errors
    /// The first setting that is impossible.
    pub fn validate(&self) -> Checked {
        self.check_parts()?;
        self.check_counts()?;
        self.check_validation()?;
        self.check_examples()?;
        self.check_optimiser()?;
        self.check_loss()
    }

    /// Checks that the run does not write into what it begins with, nor over it.
    pub(crate) fn check_places(&self, published: &Path) -> Checked {
        let [from, out, published] = [&self.checkpoint, &self.out, published].map(resolved);
        let inside = |inner: &Path, outer: &Path| inner.starts_with(outer);
        if inside(&out, &from) {
            let why = format!(
                "expected a folder outside of the checkpoint that the run begins with, found {} inside of {}; \
                 choose another folder",
                out.display(),
                from.display()
            );
            return Err(impossible("out", why));
        }
        if inside(&from, &published) {
            let why = format!(
                "expected another checkpoint than the run itself writes, {}; copy it elsewhere to begin with it",
                published.display()
            );
            return Err(impossible("checkpoint", why));
        }
        Ok(())
    }

    fn check_parts(&self) -> Checked {
        let learns = |part: &Part| self.learn.contains(part);
        if self.learn.is_empty() {
            return Err(impossible("learn", "expected one part at least, found none"));
        }
        if let Some(idle) = self.fresh.iter().find(|part| !learns(part)) {
            let why = format!("{idle} begins anew but does not learn; add it to `learn`");
            return Err(impossible("fresh", why));
        }
        if self.lora.is_some() && (self.learn != [Part::Transformer] || !self.fresh.is_empty()) {
            let why = "adapters are of a transformer that is not fresh; let it learn alone";
            return Err(impossible("lora", why));
        }
        if learns(&Part::Vae) && self.learn.len() > 1 {
            return Err(impossible("learn", "the autoencoder learns alone, before the others"));
        }
        Ok(())
    }

    fn check_counts(&self) -> Checked {
        count("steps", self.steps, u64::MAX)?;
        count("save_every", self.save_every, u64::MAX)?;
        let [batch, accumulate, gather] = [self.batch, self.accumulate, self.gather].map(|n| n as u64);
        count("batch", batch, MOST_BATCH)?;
        count("accumulate", accumulate, MOST_ACCUMULATE)?;
        count("gather", gather, MOST_GATHER)?;
        // The two limits before keep their product small.
        if batch * gather > MOST_GATHERED {
            let why = format!(
                "expected at most {MOST_GATHERED} examples, `gather` times `batch`, found {}",
                batch * gather
            );
            return Err(impossible("gather", why));
        }
        Ok(())
    }

    fn check_validation(&self) -> Checked {
        let Some(validation) = &self.validation else { return Ok(()) };
        count("validation.every", validation.every, u64::MAX)?;
        if self.learn == [Part::Vae] {
            return Err(impossible("validation", "an autoencoder draws nothing; leave it out"));
        }
        let settings = validation.settings.validate();
        settings.map_err(|error| impossible("validation.settings", error.to_string()))
    }

    fn check_examples(&self) -> Checked {
        match &self.examples {
            Examples::File(_) => Ok(()),
            Examples::Shapes(shapes) => mixture("examples.shapes", shapes),
            Examples::Both { shapes, share, .. } => {
                number("examples.both.share", *share, Allowed::Share)?;
                mixture("examples.both.shapes", shapes)
            }
        }
    }

    fn check_optimiser(&self) -> Checked {
        number("rate.peak", self.rate.peak, Allowed::Positive)?;
        number("rate.least", self.rate.least, Allowed::NotNegative)?;
        number("average", self.average, Allowed::Share)?;
        let AdamW { beta1, beta2, epsilon, weight_decay, clip_norm, muon } = self.optimiser;
        number("optimiser.beta1", beta1, Allowed::Share)?;
        number("optimiser.beta2", beta2, Allowed::Share)?;
        number("optimiser.epsilon", epsilon, Allowed::Positive)?;
        number("optimiser.weight_decay", weight_decay, Allowed::NotNegative)?;
        number("optimiser.clip_norm", clip_norm, Allowed::AboveZero)?;
        muon.map_or(Ok(()), |momentum| number("optimiser.muon", momentum, Allowed::Share))
    }

    fn check_loss(&self) -> Checked {
        let Weights { edges, divergence, prompt_dropout, reference_dropout } = self.weights;
        number("weights.edges", edges, Allowed::NotNegative)?;
        number("weights.divergence", divergence, Allowed::NotNegative)?;
        number("weights.prompt_dropout", prompt_dropout, Allowed::Probability)?;
        number("weights.reference_dropout", reference_dropout, Allowed::Probability)?;
        let TimeSampling { location, scale, shift: _ } = self.times;
        number("times.location", location, Allowed::Finite)?;
        number("times.scale", scale, Allowed::NotNegative)
    }
}

/// The numbers that a setting may be.
#[derive(Clone, Copy)]
enum Allowed {
    Finite,
    NotNegative,
    Positive,
    /// Infinity is no limit.
    AboveZero,
    Share,
    Probability,
}

impl Allowed {
    fn holds(self, number: f64) -> bool {
        match self {
            Self::Finite => number.is_finite(),
            Self::NotNegative => number.is_finite() && number >= 0.0,
            Self::Positive => number.is_finite() && number > 0.0,
            Self::AboveZero => number > 0.0,
            Self::Share => (0.0..1.0).contains(&number),
            Self::Probability => (0.0..=1.0).contains(&number),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Finite => "a finite number",
            Self::NotNegative => "a finite number, 0 or more",
            Self::Positive => "a finite number above 0",
            Self::AboveZero => "a number above 0",
            Self::Share => "a number from 0 to below 1",
            Self::Probability => "a number from 0 to 1",
        }
    }
}

fn number(setting: &str, found: f64, allowed: Allowed) -> Checked {
    if allowed.holds(found) {
        return Ok(());
    }
    Err(impossible(setting, format!("expected {}, found {found}", allowed.words())))
}

fn count(setting: &str, found: u64, most: u64) -> Checked {
    if (1..=most).contains(&found) {
        return Ok(());
    }
    let expected = if most == u64::MAX { "1 or more".into() } else { format!("1 to {most}") };
    Err(impossible(setting, format!("expected {expected}, found {found}")))
}

fn mixture(setting: &str, mixture: &Mixture) -> Checked {
    let kinds = mixture.kinds();
    for (kind, share) in kinds {
        number(&format!("{setting}.{kind}"), share, Allowed::NotNegative)?;
    }
    let sum: f64 = kinds.iter().map(|(_, share)| share).sum();
    if sum > 0.0 && sum.is_finite() {
        return Ok(());
    }
    let why = format!("expected shares of which one at least is above 0, found a sum of {sum}");
    Err(impossible(setting, why))
}

fn impossible(setting: &str, why: impl Into<String>) -> TrainError {
    TrainError::Setting { setting: setting.to_owned(), why: why.into() }
}

/// A path without links, of which not all need be there.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = path.ancestors().find_map(|there| Some((there.canonicalize().ok()?, there)));
    let Some((mut resolved, there)) = there else { return path };
    for part in path.strip_prefix(there).unwrap_or(Path::new("")).components() {
        if part == Component::ParentDir {
            resolved.pop();
        } else {
            resolved.push(part);
        }
    }
    resolved
}
