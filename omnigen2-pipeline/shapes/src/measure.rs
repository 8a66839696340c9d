//! How well a checkpoint does what the shapes world asks of it, judged by meaning.

use image::RgbImage;
use omnigen2_pipeline::Sampling;

use super::drawing::{Drawing, Task};
use super::examples::{Examples, novel_cases};
use super::held_out::Novelty;
use super::scene::SIDE;
use super::{judge, talk::Talk};
use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::{
    CachePolicy, Conversation, Guidance, ImageRequest, Message, OmniGen2, Result, TimeShift,
};
use omnigen2_pipeline::{ReplySettings, Turn};

/// The most tokens of an answer.
const ANSWER: usize = 48;
/// Steps of a sketch, which is not guided.
const SKETCH: usize = 6;
/// Drawings and mends of a reflection together.
const ROUNDS: usize = 2;
/// How far an object may be from its place, in pixels, after its picture went through the autoencoder.
const MOVED: f32 = 1.5;

/// Something that a checkpoint can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capability {
    /// The way through the autoencoder, after which pictures show the same.
    Reconstruct,
    /// Pictures from text with every attribute and relation that was asked for.
    TextToImage,
    /// Pictures from text of shapes in colours in which they were never seen.
    NewColours,
    /// Edits that make the asked change and nothing else.
    Edit,
    /// Things from other pictures, at the place and on the background asked for.
    InContext,
    /// Exact answers to questions.
    Answer,
    /// The critic's praise of right pictures.
    PassRight,
    /// The critic's faults of wrong pictures.
    FaultWrong,
    /// Sketches of six steps without guidance, from text, that show all.
    Sketch,
    /// Sketches after the critic looked at them and they were mended, two rounds in all.
    Reflect,
    /// Pictures from text as usual, after the critic looked at them, two rounds in all.
    ReflectAsUsual,
}

impl Capability {
    /// All capabilities.
    pub const ALL: [Self; 11] = [
        Self::Reconstruct,
        Self::TextToImage,
        Self::NewColours,
        Self::Edit,
        Self::InContext,
        Self::Answer,
        Self::PassRight,
        Self::FaultWrong,
        Self::Sketch,
        Self::Reflect,
        Self::ReflectAsUsual,
    ];

    /// Returns the name of the capability.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reconstruct => "reconstruct",
            Self::TextToImage => "text-to-image",
            Self::NewColours => "new-colours",
            Self::Edit => "edit",
            Self::InContext => "in-context",
            Self::Answer => "answer",
            Self::PassRight => "pass-right",
            Self::FaultWrong => "fault-wrong",
            Self::Sketch => "sketch",
            Self::Reflect => "reflect",
            Self::ReflectAsUsual => "reflect-usual",
        }
    }

    /// Lets a checkpoint try the case of a seed and an index, which training never saw.
    ///
    /// # Errors
    /// If the checkpoint cannot draw or speak; a wrong result is none.
    pub fn attempt(self, omnigen2: &mut OmniGen2, seed: u64, index: u64) -> Result<Attempt> {
        self.attempt_cached(omnigen2, [seed, index], CachePolicy::None)
    }

    /// Lets a checkpoint try the case of a seed and an index with less work between the steps of its pictures.
    ///
    /// # Errors
    /// If the checkpoint cannot draw or speak; a wrong result is none.
    pub fn attempt_cached(
        self,
        omnigen2: &mut OmniGen2,
        [seed, index]: [u64; 2],
        step_cache: CachePolicy,
    ) -> Result<Attempt> {
        let cases = Examples::evaluation(seed);
        let noise = seed.wrapping_add(index);
        let task = |task| Case { drawing: cases.drawing(task, index), noise, step_cache };
        let text = || task(Task::TextToImage);
        match self {
            Self::Reconstruct => reconstruct(omnigen2, cases, index),
            Self::TextToImage => draw(omnigen2, &text(), Case::usual),
            Self::NewColours => {
                let novel = novel_cases(Novelty::COLOUR, index + 1, seed).last();
                let case = novel.map_or_else(text, |drawing| Case { drawing, noise, step_cache });
                draw(omnigen2, &case, Case::usual)
            }
            Self::Edit => draw(omnigen2, &task(Task::Edit), Case::usual),
            Self::InContext => draw(omnigen2, &task(Task::InContext), Case::usual),
            Self::Answer => answer(omnigen2, cases.talk(index)),
            Self::PassRight => review(omnigen2, cases, index, true),
            Self::FaultWrong => review(omnigen2, cases, index, false),
            Self::Sketch => draw(omnigen2, &text(), Case::sketch),
            Self::Reflect => reflect(omnigen2, &text(), Case::sketch),
            Self::ReflectAsUsual => reflect(omnigen2, &text(), Case::usual),
        }
    }
}

/// The outcome of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// The verdict: true if the outcome is as it should be.
    pub right: bool,
    /// The prompt or the question.
    pub asked: String,
    /// The reply, or what a picture lacks.
    pub found: String,
    /// The picture that was drawn or looked at.
    pub picture: RgbImage,
}

/// Asks for a picture of the world's size, as the shapes model is usually asked for it.
pub fn request(prompt: impl Into<String>) -> ImageRequest {
    usually(ImageRequest::new(prompt))
}

/// Gives a request the usual settings of the shapes model: the size of the world's pictures, and times
/// as the model was trained, without a shift.
pub fn usually(request: ImageRequest) -> ImageRequest {
    ImageRequest {
        negative: String::new(),
        steps: 20,
        guidance: Guidance { text: 3.0, image: 1.0, range: [0.0, 1.0] },
        time_shift: TimeShift::None,
        size: Some(Size::new(SIDE, SIDE)),
        ..request
    }
}

/// What is to be drawn, the seed of its noise, and what is left out between steps.
struct Case {
    drawing: Drawing,
    noise: u64,
    step_cache: CachePolicy,
}

impl Case {
    fn usual(&self) -> ImageRequest {
        let request = request(&self.drawing.prompt).seed(self.noise).step_cache(self.step_cache);
        self.drawing.references.iter().cloned().fold(request, ImageRequest::reference)
    }

    fn sketch(&self) -> ImageRequest {
        self.usual().steps(SKETCH).guidance(Guidance::NONE)
    }

    fn judged(&self, picture: RgbImage) -> Attempt {
        let verdict = self.drawing.judge(&picture);
        let asked = self.drawing.prompt.clone();
        Attempt { right: verdict.right, asked, found: verdict.unmet.join("; "), picture }
    }
}

fn draw(omnigen2: &mut OmniGen2, case: &Case, asked: fn(&Case) -> ImageRequest) -> Result<Attempt> {
    let picture = omnigen2.generate(&asked(case))?.finish()?.remove(0);
    Ok(case.judged(picture))
}

fn reflect(omnigen2: &mut OmniGen2, case: &Case, asked: fn(&Case) -> ImageRequest) -> Result<Attempt> {
    let mut reflection = omnigen2.reflect(asked(case), ROUNDS)?;
    for round in &mut reflection {
        round?;
    }
    let picture = reflection.best().map(|round| round.picture.clone()).unwrap_or_default();
    Ok(case.judged(picture))
}

fn reconstruct(omnigen2: &mut OmniGen2, cases: Examples, index: u64) -> Result<Attempt> {
    let scene = cases.scene(index);
    let picture = omnigen2.reconstruct(&scene.render())?;
    let read = judge::read(&picture);
    let right = read.as_ref().is_ok_and(|read| read.same(&scene, MOVED));
    let found = match read {
        Ok(read) => format!("{read:?}"),
        Err(illegible) => illegible.to_string(),
    };
    Ok(Attempt { right, asked: format!("{scene:?}"), found, picture })
}

fn answer(omnigen2: &mut OmniGen2, case: Talk) -> Result<Attempt> {
    let picture = case.pictures.first().cloned().unwrap_or_default();
    let asked = case.pictures.into_iter().fold(Message::user(&case.question), Message::picture);
    let sampling = Some(Sampling::greedy());
    let settings =
        ReplySettings { sampling, max_tokens: ANSWER, may_draw: false, ..ReplySettings::default() };
    let turn = omnigen2.chat_with(&Conversation::new().with(asked), &settings)?.finish()?;
    let found = match turn {
        Turn::Text(text) => text.trim().to_owned(),
        Turn::Draw(_) => String::new(),
    };
    Ok(Attempt { right: found == case.answer, asked: case.question, found, picture })
}

/// The first case of a review that is right or wrong, from an index on.
fn review(omnigen2: &mut OmniGen2, cases: Examples, index: u64, right: bool) -> Result<Attempt> {
    let apart = 1 << 20;
    let found = (0..apart).map(|at| cases.review(index * apart + at)).find(|review| review.right == right);
    let review = found.unwrap_or_else(|| cases.review(index));
    let critique = omnigen2.critique(&ImageRequest::new(&review.instruction), &review.picture)?;
    Ok(Attempt {
        right: critique.satisfied() == review.right,
        asked: review.instruction,
        found: critique.text,
        picture: review.picture,
    })
}
