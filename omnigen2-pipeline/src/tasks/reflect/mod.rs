//! Drawing, looking at the result, and drawing again until it is as asked for.
//!
//! This is a loop of this library's own over the published weights: the language model looks at each picture and
//! says which part of the instruction it does not show and how to mend that. The paper's own reflection
//! (arXiv 2506.18871, section 3.4) comes from a fine-tune whose weights and prompts were not published.

mod critic;
mod mend;

use std::collections::HashSet;

use image::RgbImage;

use super::Generation;
use crate::engine::{Chat, Engine};
use crate::parts::Critic;
use crate::values::request::within;
use crate::values::{Critique, ImageRequest};
use crate::{Error, Result};

pub use self::critic::ChatCritic;
pub use self::mend::Mend;

const MOST_ROUNDS: usize = 100;

/// A picture and what the critic made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// The number of the round, from 1.
    pub index: usize,
    /// The request that was drawn.
    pub request: ImageRequest,
    /// The picture; of several, the best.
    pub picture: RgbImage,
    /// The critic's findings.
    pub critique: Critique,
    /// The instruction of the next round; this is the last round if there is none.
    pub next: Option<String>,
}

/// Rounds of drawing and looking, until the critic is satisfied, has nothing new to say, or the rounds are over.
/// Iterate for whole rounds, or [`draw`](Self::draw) and [`judge`](Self::judge) for their steps.
///
/// ```
/// use burn::prelude::Device;
/// use omnigen2_pipeline::Critique;
/// use omnigen2_pipeline::{ImageRequest, OmniGen2, pixels::{RgbImage, Size}};
///
/// let dark = |_: &ImageRequest, picture: &RgbImage| {
///     let bright = picture.iter().any(|&byte| byte > 250);
///     Ok(if bright { Critique::met("bright") } else { Critique::unmet(["light"], "Make it brighter.") })
/// };
/// # let checkpoint = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny-checkpoint");
/// let mut omnigen2 = OmniGen2::builder(&Device::flex()).checkpoint(checkpoint)?.critic(dark).build()?;
/// let request = ImageRequest::new("a lamp that gives light").size(Size::new(32, 32)).steps(2);
/// let mut reflection = omnigen2.reflect(request, 3)?;
/// for round in &mut reflection {
///     println!("{}", round?.critique.text);
/// }
/// assert!(reflection.best().is_some());
/// # Ok::<(), omnigen2_pipeline::Error>(())
/// ```
#[derive(Debug)]
pub struct Reflection<'p> {
    engine: &'p mut Engine,
    origin: ImageRequest,
    rounds: usize,
    mend: Mend,
    /// What will be drawn next.
    next: Option<ImageRequest>,
    /// What was drawn and not judged yet.
    drawn: Option<ImageRequest>,
    index: usize,
    instructions: HashSet<String>,
    best: Option<Round>,
}

/// Asks the critic, or the chat model where there is none, about a picture that was drawn for a request.
pub(crate) fn critique(engine: &mut Engine, request: &ImageRequest, picture: &RgbImage) -> Result<Critique> {
    if let Some(critic) = engine.critic() {
        return critic.critique(request, picture);
    }
    let Chat { model, allowance, .. } = engine.chat()?;
    ChatCritic::new(model, allowance).critique(request, picture)
}

impl<'p> Reflection<'p> {
    pub(crate) fn start(engine: &'p mut Engine, request: ImageRequest, rounds: usize) -> Result<Self> {
        request.validate()?;
        within("the rounds", rounds as u64, 1, MOST_ROUNDS as u64)?;
        Ok(Self {
            engine,
            instructions: HashSet::from([normal(&request.prompt)]),
            next: Some(request.clone()),
            origin: request,
            rounds,
            mend: Mend::default(),
            drawn: None,
            index: 0,
            best: None,
        })
    }
}

impl Reflection<'_> {
    /// Sets how pictures are mended.
    pub fn mend(self, mend: Mend) -> Self {
        Self { mend, ..self }
    }

    /// Starts to draw the next round, if there is one. Its pictures are to be [judged](Self::judge).
    ///
    /// # Errors
    /// As [`OmniGen2::generate`](crate::OmniGen2::generate); there is no further round then.
    pub fn draw(&mut self) -> Result<Option<Generation<'_>>> {
        let Some(request) = self.next.take() else { return Ok(None) };
        self.index += 1;
        self.drawn = Some(request.clone());
        Generation::start(self.engine, std::slice::from_ref(&request), None).map(Some)
    }

    /// Lets the critic look at the pictures that were drawn.
    ///
    /// # Errors
    /// If none was drawn, or the critic fails, after which there is no further round.
    pub fn judge(&mut self, pictures: Vec<RgbImage>) -> Result<Round> {
        let request = self.drawn.take().ok_or(Error::NothingDrawn)?;
        let judged: Vec<_> = pictures.into_iter().map(|picture| self.look(picture)).collect::<Result<_>>()?;
        let best = judged.into_iter().reduce(|best, next| if next.is_better(&best) { next } else { best });
        let Judged { picture, critique } = best.ok_or(Error::NothingDrawn)?;
        let next = self.instruction(&critique);
        self.next = next.as_ref().map(|instruction| {
            let mend = self.possible_mend();
            let request = mend.request(&self.origin, &picture, instruction);
            request.seed(self.origin.seed.wrapping_add(self.index as u64))
        });
        let round = Round { index: self.index, request, picture, critique, next };
        if self.best.as_ref().is_none_or(|best| beats(round.critique.score, best.critique.score)) {
            self.best = Some(round.clone());
        }
        Ok(round)
    }

    /// The round whose picture the critic gave the highest score so far, the first of equals.
    pub fn best(&self) -> Option<&Round> {
        self.best.as_ref()
    }

    /// The mend that was asked for, unless the denoiser has no place for the picture beside the references.
    fn possible_mend(&self) -> Mend {
        let (shown, most) = (self.origin.references.len(), self.engine.latents().max_references);
        if self.mend == Mend::Edit && shown >= most {
            tracing::warn!(
                "the picture is drawn anew and not edited: the denoiser tells {most} pictures apart, \
                 and the request has {shown} references already"
            );
            return Mend::Redraw;
        }
        self.mend
    }

    fn look(&mut self, picture: RgbImage) -> Result<Judged> {
        let critique = critique(self.engine, &self.origin, &picture)?;
        Ok(Judged { picture, critique })
    }

    /// What to do next; nothing, if nothing is unmet, the rounds are over, or it was tried already.
    fn instruction(&mut self, critique: &Critique) -> Option<String> {
        let goes_on = !critique.satisfied() && self.index < self.rounds;
        let instruction = critique.instruction();
        (goes_on && self.instructions.insert(normal(&instruction))).then_some(instruction)
    }
}

impl Iterator for Reflection<'_> {
    type Item = Result<Round>;

    fn next(&mut self) -> Option<Result<Round>> {
        let pictures = match self.draw() {
            Ok(None) => return None,
            Ok(Some(generation)) => generation.finish(),
            Err(error) => Err(error),
        };
        Some(pictures.and_then(|pictures| self.judge(pictures)))
    }
}

struct Judged {
    picture: RgbImage,
    critique: Critique,
}

impl Judged {
    fn is_better(&self, than: &Self) -> bool {
        beats(self.critique.score, than.critique.score)
    }
}

/// Any number beats what is not one.
fn beats(score: f64, best: f64) -> bool {
    score > best || (best.is_nan() && !score.is_nan())
}

/// Two instructions are the same if only case, spaces and the last mark differ.
fn normal(instruction: &str) -> String {
    let words: Vec<_> = instruction.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ").trim_end_matches([' ', '.', '!', '?', '。']).into()
}
