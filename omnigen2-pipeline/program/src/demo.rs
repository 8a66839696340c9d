//! `omnigen2 demo`.

use std::path::{Path, PathBuf};

use image::RgbImage;
use omnigen2_pipeline::metadata;
use omnigen2_pipeline::{Conversation, Guidance, ImageRequest, Message, ReplySettings, Sampling, Turn};

use crate::console::print;
use crate::drawing::{not_repeatable, output};
use crate::engine::{Engine, EngineArgs};
use crate::failure::Failure;
use crate::reflect::found;
use crate::sheet::{Panel, enlarged, sheet};
use crate::work::Work;

const SUBJECTS: [&str; 2] = [
    "a large purple cross on a white background",
    "a small yellow and red striped triangle on a black background",
];
const TEXT: &str = "a large red circle to the left of a small blue square on a white background";
const EDIT: &str = "Make the square green.";
const TOGETHER: &str = "the object in image 1 above the object in image 2 on a pink background";
const QUESTION: &str = "What is to the right of the circle?";
const REFLECTED: &str = "a small cyan triangle to the left of a large yellow circle on a grey background";
const MOST_TOKENS: usize = 64;
const ROUNDS: usize = 2;
/// Steps of what is reflected on, which is not guided so that there is something to find.
const SKETCH: usize = 6;

/// Shows on one sheet what a checkpoint can do: a picture from text, an edit, two subjects combined, a question
/// answered, and a sketch that is looked at and mended
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where to write the sheet
    #[arg(long, short, value_name = "FILE.png", default_value = "omnigen2-demo.png")]
    output: PathBuf,
    /// What noise is drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    engine: EngineArgs,
}

struct Shown {
    picture: RgbImage,
    title: String,
    text: String,
}

pub(crate) fn run(args: Args, work: Work<'_>) -> Result<(), Failure> {
    output::check_png(&args.output)?;
    output::check(&args.output)?;
    let mut demo =
        Demo { engine: args.engine.origin()?.open(work)?, seed: args.seed, work, shown: Vec::new() };
    let text = demo.draw(TEXT, &[])?;
    demo.draw(EDIT, &[&text])?;
    let [first, second] = SUBJECTS.map(|subject| demo.draw(subject, &[]));
    demo.draw(TOGETHER, &[&first?, &second?])?;
    demo.ask(QUESTION, text)?;
    demo.reflect(REFLECTED)?;
    demo.write(&args.output)
}

struct Demo<'a> {
    engine: Engine,
    seed: u64,
    work: Work<'a>,
    shown: Vec<Shown>,
}

impl Demo<'_> {
    fn request(&self, prompt: &str) -> ImageRequest {
        self.engine.usually(ImageRequest::new(prompt).seed(self.seed))
    }

    fn draw(&mut self, prompt: &str, references: &[&RgbImage]) -> Result<RgbImage, Failure> {
        let request = references.iter().map(|picture| (*picture).clone());
        let request = request.fold(self.request(prompt), ImageRequest::reference);
        let work = self.work;
        let generation =
            work.wait("loading, and reading the prompt", || Ok(self.engine.omnigen2.generate(&request)?))?;
        let picture = work.draw(generation, |_, _| Ok(()))?.swap_remove(0);
        let title = match references.len() {
            0 => "text",
            1 => "edit",
            _ => "two subjects",
        };
        self.show(&picture, title, prompt);
        Ok(picture)
    }

    fn ask(&mut self, question: &str, picture: RgbImage) -> Result<(), Failure> {
        let asked = Conversation::new().with(Message::user(question).picture(picture.clone()));
        let sampling = Some(Sampling::greedy());
        let settings =
            ReplySettings { sampling, max_tokens: MOST_TOKENS, may_draw: false, ..ReplySettings::default() };
        let omnigen2 = &mut self.engine.omnigen2;
        let turn = self.work.speak(|| Ok(omnigen2.chat_with(&asked, &settings)?), |_| Ok(()))?;
        let answer = match &turn {
            Turn::Text(text) => text.trim(),
            Turn::Draw(_) => "",
        };
        self.show(&picture, "question", &format!("{question} {answer}"));
        Ok(())
    }

    fn reflect(&mut self, prompt: &str) -> Result<(), Failure> {
        let request = self.request(prompt).steps(SKETCH).guidance(Guidance::NONE);
        let work = self.work;
        let mut reflection = self.engine.omnigen2.reflect(request, ROUNDS)?;
        let mut rounds = Vec::new();
        while let Some(generation) = work.wait("reading the prompt", || Ok(reflection.draw()?))? {
            let pictures = work.draw(generation, |_, _| Ok(()))?;
            rounds.push(work.wait("judging", || Ok(reflection.judge(pictures)?))?);
        }
        for round in rounds {
            let title = format!("reflection, round {}: {}", round.index, round.request.prompt);
            self.show(&round.picture, &title, &found(&round));
        }
        Ok(())
    }

    fn show(&mut self, picture: &RgbImage, title: &str, text: &str) {
        self.shown.push(Shown { picture: enlarged(picture), title: title.into(), text: text.into() });
    }

    fn write(&self, path: &Path) -> Result<(), Failure> {
        let panels = self.shown.iter().map(|Shown { picture, title, text }| Panel {
            picture,
            title: title.clone(),
            text: text.clone(),
        });
        let mut record = self.engine.record(&self.request(TEXT));
        not_repeatable(&mut record, "it is a sheet of several pictures");
        metadata::save(path, &sheet(&panels.collect::<Vec<_>>()), &record)?;
        print(path.display())
    }
}
