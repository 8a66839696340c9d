//! Examples of the shapes world.

use serde::{Deserialize, Serialize};

use super::example::{Example, Output};
use super::random::{Generator, Purpose};
use omnigen2_pipeline::Critique;
use omnigen2_pipeline::text::question;
use omnigen2_shapes::{Botch, Examples, Review, Talk, Task};

/// The share of each kind of example, as parts of a whole of any size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mixture {
    /// Pictures alone, for an autoencoder.
    pub pictures: f64,
    /// Pictures from text.
    pub text_to_image: f64,
    /// Pictures that are edited.
    pub edit: f64,
    /// Pictures of things from others.
    pub in_context: f64,
    /// Questions about pictures.
    pub talk: f64,
    /// Pictures to describe.
    pub describe: f64,
    /// Pictures to criticise.
    pub review: f64,
    /// Pictures with one fault or several to criticise.
    pub botch: f64,
    /// Pictures with one fault or several to mend.
    pub mend: f64,
}

impl Mixture {
    /// Makes examples without end, which a seed decides; skipping many is as fast as skipping one.
    pub fn examples(&self, seed: u64) -> Endless {
        Endless { mixture: *self, source: Examples::training(seed), seed, next: 0 }
    }

    /// The shares by their keys.
    pub(crate) fn kinds(&self) -> [(&'static str, f64); 9] {
        [
            ("pictures", self.pictures),
            ("text_to_image", self.text_to_image),
            ("edit", self.edit),
            ("in_context", self.in_context),
            ("talk", self.talk),
            ("describe", self.describe),
            ("review", self.review),
            ("botch", self.botch),
            ("mend", self.mend),
        ]
    }

    /// The kind at a place of the whole.
    fn kind(&self, place: f64) -> usize {
        let mut left = place * self.kinds().iter().map(|(_, share)| share).sum::<f64>();
        let chosen = self.kinds().iter().position(|&(_, share)| {
            let is_here = left < share;
            left -= share;
            is_here
        });
        chosen.unwrap_or(0)
    }
}

/// The examples of a mixture, without end.
#[derive(Clone, Debug)]
pub struct Endless {
    mixture: Mixture,
    source: Examples,
    seed: u64,
    next: u64,
}

impl Endless {
    /// Leaves out so many examples without making them.
    pub(crate) fn skip_over(&mut self, skipped: usize) {
        self.next = self.next.saturating_add(skipped as u64);
    }

    fn example(&self, index: u64) -> Example {
        let place = Generator::new(self.seed, Purpose::Kind, index).uniform();
        match self.mixture.kind(place) {
            0 => picture(self.source.scene(index).render()),
            1 => self.drawing(Task::TextToImage, index),
            2 => self.drawing(Task::Edit, index),
            3 => self.drawing(Task::InContext, index),
            4 => reply(self.source.talk(index)),
            5 => reply(self.source.description(index)),
            6 => critique(self.source.review(index)),
            7 => critique(self.source.botch(index).review),
            _ => {
                let Botch { review, mended } = self.source.botch(index);
                let instruction = Critique::parse(&review.answer, &review.instruction).mend;
                let output = Output::Picture(mended.render());
                Example { instruction, pictures: vec![review.picture], output }
            }
        }
    }

    fn drawing(&self, task: Task, index: u64) -> Example {
        let drawing = self.source.drawing(task, index);
        Example {
            instruction: drawing.prompt,
            pictures: drawing.references,
            output: Output::Picture(drawing.target),
        }
    }
}

fn reply(Talk { question, pictures, answer }: Talk) -> Example {
    Example { instruction: question, pictures, output: Output::Text(answer) }
}

fn critique(Review { instruction, picture, answer, .. }: Review) -> Example {
    Example { instruction: question(&instruction, 0), pictures: vec![picture], output: Output::Text(answer) }
}

fn picture(picture: image::RgbImage) -> Example {
    Example { instruction: String::new(), pictures: Vec::new(), output: Output::Picture(picture) }
}

impl Iterator for Endless {
    type Item = Example;

    fn next(&mut self) -> Option<Example> {
        self.nth(0)
    }

    fn nth(&mut self, skipped: usize) -> Option<Example> {
        let index = self.next.saturating_add(skipped as u64);
        self.next = index.saturating_add(1);
        Some(self.example(index))
    }
}
