//! Unlimited examples, each a function of a seed and its index.

use super::describe;
use super::dice::{Dice, Purpose};
use super::drawing::{Drawing, Task};
use super::held_out::Novelty;
use super::review::{self, Botch, Review};
use super::sample;
use super::scene::Scene;
use super::talk::{self, Talk};
use super::tasks;

/// A source of examples. The same seed and index always give the same example.
///
/// ```
/// use omnigen2_shapes::{Examples, Task, judge};
///
/// let drawing = Examples::training(7).drawing(Task::TextToImage, 0);
/// assert!(drawing.judge(&drawing.target).right, "{}", drawing.prompt);
/// assert!(judge::read(&drawing.target)?.same(&drawing.scene, 1.0));
/// # Ok::<(), judge::Illegible>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Examples {
    seed: u64,
    evaluation: bool,
}

impl Examples {
    /// Creates a source of examples to learn from. Nothing of [`held_out`](super::held_out) is in them.
    pub fn training(seed: u64) -> Self {
        Self { seed, evaluation: false }
    }

    /// Creates a source to evaluate on, whose prompts for pictures from text training never gives.
    pub fn evaluation(seed: u64) -> Self {
        Self { seed, evaluation: true }
    }

    /// Makes a scene.
    pub fn scene(&self, index: u64) -> Scene {
        sample::scene(&mut self.dice(index, Purpose::Scene), Novelty::NONE)
    }

    /// Makes something to draw.
    pub fn drawing(&self, task: Task, index: u64) -> Drawing {
        let purpose = match task {
            Task::TextToImage => Purpose::TextToImage,
            Task::Edit => Purpose::Edit,
            Task::InContext => Purpose::InContext,
        };
        tasks::of_task(&mut self.dice(index, purpose), task, self.evaluation)
    }

    /// Makes a question about a picture.
    pub fn talk(&self, index: u64) -> Talk {
        talk::random(&mut self.dice(index, Purpose::Talk), !self.evaluation)
    }

    /// Makes a picture to describe.
    pub fn description(&self, index: u64) -> Talk {
        describe::random(&mut self.dice(index, Purpose::Description))
    }

    /// Makes a picture to criticise.
    pub fn review(&self, index: u64) -> Review {
        review::random(&mut self.dice(index, Purpose::Review), self.evaluation)
    }

    /// Makes a wrong picture to criticise or to mend, with one fault or several. Not for evaluation.
    pub fn botch(&self, index: u64) -> Botch {
        review::botched(&mut self.dice(index, Purpose::Botch))
    }

    fn dice(&self, index: u64, purpose: Purpose) -> Dice {
        Dice::new(self.seed, [u64::from(self.evaluation), index], purpose)
    }
}

/// The first `count` drawings of a task to evaluate on.
pub fn cases(task: Task, count: u64, seed: u64) -> impl Iterator<Item = Drawing> {
    (0..count).map(move |index| Examples::evaluation(seed).drawing(task, index))
}

/// The first `count` drawings from text of scenes that have just this novelty, which training never shows.
pub fn novel_cases(novelty: Novelty, count: u64, seed: u64) -> impl Iterator<Item = Drawing> {
    (0..count).map(move |index| {
        let mut dice = Examples::evaluation(seed).dice(index, Purpose::TextToImage);
        tasks::from_text(&mut dice, novelty, true)
    })
}
