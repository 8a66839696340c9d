use std::path::Path;

use super::TrainError;
use super::average::Average;
use super::batches::Batches;
use super::error::Result;
use super::example::Example;
use super::gradients::Gradients;
use super::lesson::Lesson;
use super::networks::Networks;
use super::optimiser::{AdamW, Optimiser};
use super::random::{Numbers, Purpose};
use super::rate::Rate;
use super::side_by_side::{Learnt, learn, learn_side_by_side};
use super::state::{self, Place, State};

/// How long and how fast a run learns.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What order, noise and times are drawn from.
    pub seed: u64,
    /// How many steps the run has.
    pub steps: u64,
    /// How many examples of one shape are learnt from together.
    pub batch: usize,
    /// How many batches make a step.
    pub accumulate: usize,
    /// How many batches are gathered at a time and put together by shape: the more, the fewer are left smaller, and the
    /// more memory their pictures take.
    pub gather: usize,
    /// The learning rate.
    pub rate: Rate,
    /// How gradients change weights.
    pub optimiser: AdamW,
    /// How much of the average weights is kept at each step.
    pub average: f64,
}

/// A step that is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The step, from 1.
    pub step: u64,
    /// How many there are.
    pub steps: u64,
    /// The mean loss of its examples.
    pub loss: f64,
    /// The norm of its gradient before clipping.
    pub norm: f64,
    /// Its learning rate.
    pub rate: f64,
    /// How many examples it had.
    pub examples: usize,
}

/// A run in the middle of its work: iterate for steps, drop to stop, [`save`](Self::save) whenever it should be able to
/// go on from there.
///
/// All that a step draws is a function of the seed and the step. So a run that is saved, dropped, made again and
/// [resumed](Self::resume) comes to the same numbers as one that went on, bit for bit on `flex`.
pub struct Trainer<I> {
    settings: Settings,
    lesson: Lesson,
    examples: I,
    batches: Batches<Example>,
    networks: Networks,
    optimiser: Optimiser,
    average: Average,
    step: u64,
}

impl<I: Iterator<Item = Result<Example>>> Trainer<I> {
    /// A run from its beginning. Parameters of `networks` that require gradients learn.
    pub fn new(settings: Settings, lesson: Lesson, networks: Networks, examples: I) -> Self {
        Self {
            batches: Batches::new(settings.batch, settings.gather, settings.seed),
            optimiser: Optimiser::new(settings.optimiser),
            average: Average::default(),
            step: 0,
            settings,
            lesson,
            networks,
            examples,
        }
    }

    /// Goes on from what [`save`](Self::save) wrote, in a run made anew with the same settings, networks and examples.
    ///
    /// # Errors
    /// If the file cannot be read, or is not of such a run.
    pub fn resume(mut self, path: &Path) -> Result<Self> {
        let saved = state::load(path, self.networks, &mut self.optimiser, self.lesson.device())?;
        let Place { step, block, batch } = saved.place;
        let lesson = &self.lesson;
        self.batches.seek([block, batch], &mut self.examples, |example| lesson.key(example))?;
        Ok(Self { networks: saved.networks, average: saved.average, step, ..self })
    }

    /// Writes all that the run needs to go on: as a whole, or not at all.
    ///
    /// # Errors
    /// If it cannot be written; what was there before is kept then.
    pub fn save(&self, path: &Path) -> Result<()> {
        let [block, batch] = self.batches.place();
        let place = Place { step: self.step, block, batch };
        let state =
            State { networks: &self.networks, optimiser: &self.optimiser, average: &self.average, place };
        Ok(state.save(path)?)
    }

    /// The networks as they are.
    pub fn networks(&self) -> &Networks {
        &self.networks
    }

    /// The networks with the averages of their weights, off autodiff.
    pub fn averaged(&self) -> Networks {
        self.average.of(&self.networks)
    }

    /// What is learnt, and how examples are read.
    pub fn lesson(&self) -> &Lesson {
        &self.lesson
    }

    /// How many steps are done.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn advance(&mut self) -> Result<Progress> {
        let (step, rate) = (self.step + 1, self.settings.rate.at(self.step, self.settings.steps));
        let (mut gradients, mut loss, mut examples) = (Gradients::default(), 0.0, 0);
        let full = (self.settings.batch * self.settings.accumulate) as f64;
        let batches = self.batches()?;
        let counts: Vec<usize> = batches.iter().map(|(batch, _)| batch.len()).collect();
        for (Learnt { loss: mean, gradients: more }, count) in self.learn(batches)?.into_iter().zip(counts) {
            loss += mean * count as f64;
            // A batch that is left over is smaller, and its examples count no more than others.
            gradients.add(more, count as f64 / full);
            examples += count;
        }
        let norm = gradients.norm();
        let loss = loss / examples as f64;
        if !loss.is_finite() || !norm.is_finite() {
            return Err(TrainError::Diverged { step, loss, norm, rate }.into());
        }
        let gradients = gradients.clipped(norm, self.settings.optimiser.clip_norm);
        self.networks = self.optimiser.step(self.networks.clone(), gradients, rate);
        self.average.follow(&self.networks, self.settings.average);
        self.step = step;
        Ok(Progress { step, steps: self.settings.steps, loss, norm, rate, examples })
    }

    /// The batches of a step, and what each of them draws from.
    fn batches(&mut self) -> Result<Vec<(Vec<Example>, Numbers)>> {
        let lesson = &self.lesson;
        let count = self.settings.accumulate as u64;
        let batch = |part| {
            let batch = self.batches.next(&mut self.examples, |example| lesson.key(example))?;
            Ok((batch, Numbers::new(self.settings.seed, Purpose::Step, self.step * count + part)))
        };
        (0..count).map(batch).collect()
    }

    fn learn(&self, batches: Vec<(Vec<Example>, Numbers)>) -> Result<Vec<Learnt>> {
        let lesson = &self.lesson;
        let loss = |networks: &Networks, (batch, mut numbers): (Vec<Example>, Numbers)| {
            lesson.loss(networks, &batch, &mut numbers)
        };
        if lesson.is_on_cpu() && batches.len() > 1 {
            return learn_side_by_side(&self.networks, batches, loss);
        }
        batches.into_iter().map(|batch| learn(&self.networks, batch, loss)).collect()
    }
}

impl<I: Iterator<Item = Result<Example>>> Iterator for Trainer<I> {
    type Item = Result<Progress>;

    fn next(&mut self) -> Option<Self::Item> {
        (self.step < self.settings.steps).then(|| self.advance())
    }
}

impl<I> std::fmt::Debug for Trainer<I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trainer")
            .field("settings", &self.settings)
            .field("step", &self.step)
            .finish_non_exhaustive()
    }
}
