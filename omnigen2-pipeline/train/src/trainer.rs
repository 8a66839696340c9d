use std::path::Path;

use super::TrainError;
use super::average::Average;
use super::batches::Batches;
use super::error::Result;
use super::example::Example;
use super::gradients::Gradients;
use super::networks::Networks;
use super::objective::Objective;
use super::optimiser::{AdamW, Optimiser};
use super::random::{Generator, Purpose};
use super::rate::Rate;
use super::recipe::Recipe;
use super::side_by_side::{Learnt, learn, learn_side_by_side};
use super::state::{self, Place, State};

/// The settings of a trainer.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The seed of order, noise and times.
    pub seed: u64,
    /// The number of steps.
    pub steps: u64,
    /// The number of examples of one shape that are learnt from together.
    pub batch: usize,
    /// The number of batches that make a step.
    pub accumulate: usize,
    /// The number of batches that are gathered at a time and put together by shape: with more of them fewer are left
    /// smaller, and their pictures take more memory.
    pub gather: usize,
    /// The learning rate.
    pub rate: Rate,
    /// The settings of the optimiser.
    pub optimiser: AdamW,
    /// The part of the average weights that is kept at each step.
    pub average: f64,
}

impl Settings {
    /// Takes the settings of a recipe.
    pub fn of(recipe: &Recipe) -> Self {
        Self {
            seed: recipe.seed,
            steps: recipe.steps,
            batch: recipe.batch,
            accumulate: recipe.accumulate,
            gather: recipe.gather,
            rate: recipe.rate,
            optimiser: recipe.optimiser,
            average: recipe.average,
        }
    }
}

/// A step that is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The step, from 1.
    pub step: u64,
    /// The number of steps of the run.
    pub steps: u64,
    /// The mean loss of the step's examples.
    pub loss: f64,
    /// The norm of the step's gradient before clipping.
    pub norm: f64,
    /// The learning rate of the step.
    pub rate: f64,
    /// The number of the step's examples.
    pub examples: usize,
}

/// Learns from examples: iterate for steps, drop to stop, [`save`](Self::save) whenever it should be able to
/// go on from there.
///
/// All that a step draws is a function of the seed and the step. So a run that is saved, dropped, made again and
/// [resumed](Self::resume) comes to the same numbers as one that went on, bit for bit on `flex`.
pub struct Trainer<I> {
    settings: Settings,
    objective: Objective,
    examples: I,
    batches: Batches<Example>,
    networks: Networks,
    optimiser: Optimiser,
    average: Average,
    step: u64,
    /// The gradients of the next step, if they are known.
    ahead: Option<Ahead>,
}

/// The gradients of a step that is not taken, and where its batches begin.
struct Ahead {
    place: Place,
    taught: Result<Taught>,
}

/// The gradients of a step, and what they come from.
struct Taught {
    gradients: Gradients,
    loss: f64,
    norm: f64,
    examples: usize,
}

impl<I: Iterator<Item = Result<Example>>> Trainer<I> {
    /// Begins to learn. Parameters of `networks` that require gradients do.
    pub fn new(settings: Settings, objective: Objective, networks: Networks, examples: I) -> Self {
        Self {
            batches: Batches::new(settings.batch, settings.gather, settings.seed),
            optimiser: Optimiser::new(settings.optimiser),
            average: Average::default(),
            step: 0,
            ahead: None,
            settings,
            objective,
            networks,
            examples,
        }
    }

    /// Goes on from what [`save`](Self::save) wrote, in a run made anew with the same settings, networks and examples.
    ///
    /// # Errors
    /// If the file cannot be read, or is not of such a run.
    pub fn resume(mut self, path: &Path) -> Result<Self> {
        let saved = state::load(path, self.networks, &mut self.optimiser, self.objective.device())?;
        let Place { step, block, batch } = saved.place;
        let objective = &self.objective;
        self.batches.seek([block, batch], &mut self.examples, |example| objective.key(example))?;
        if self.batches.place() != [block, batch] {
            let why = format!("its block of examples has no batch {batch}");
            return Err(TrainError::State { path: path.to_owned(), why });
        }
        Ok(Self { networks: saved.networks, average: saved.average, step, ahead: None, ..self })
    }

    /// Writes all that the run needs to go on: as a whole, or not at all. The gradients of the next step are computed
    /// before, so that weights whose loss is no number never take the place of good ones.
    ///
    /// # Errors
    /// If the next step diverges, or the state cannot be written; what was there before is kept then.
    pub fn save(&mut self, path: &Path) -> Result<()> {
        self.check_ahead()?;
        let place = self.ahead.as_ref().map_or_else(|| self.place(), |ahead| ahead.place);
        let state =
            State { networks: &self.networks, optimiser: &self.optimiser, average: &self.average, place };
        state.save(path)
    }

    /// Computes the gradients of the next step, unless they are known.
    ///
    /// # Errors
    /// If they are no numbers. What else stops the next step is said when it is taken.
    pub(crate) fn check_ahead(&mut self) -> Result<()> {
        let ahead = self.ahead();
        let checked = match &ahead.taught {
            Ok(taught) => self.check(taught),
            Err(_) => Ok(()),
        };
        self.ahead = Some(ahead);
        checked
    }

    /// Returns the networks as they are.
    pub fn networks(&self) -> &Networks {
        &self.networks
    }

    /// Returns the networks with the averages of their weights, off autodiff.
    pub fn averaged(&self) -> Networks {
        self.average.of(&self.networks)
    }

    /// Returns the objective.
    pub fn objective(&self) -> &Objective {
        &self.objective
    }

    /// Returns the number of steps that are done.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Returns the settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn advance(&mut self) -> Result<Progress> {
        let taught = self.ahead().taught?;
        self.check(&taught)?;
        let Taught { gradients, loss, norm, examples } = taught;
        let rate = self.rate();
        let gradients = gradients.clipped(norm, self.settings.optimiser.clip_norm);
        self.networks = self.optimiser.step(self.networks.clone(), gradients, rate);
        self.average.follow(&self.networks, self.settings.average);
        self.step += 1;
        Ok(Progress { step: self.step, steps: self.settings.steps, loss, norm, rate, examples })
    }

    fn ahead(&mut self) -> Ahead {
        match self.ahead.take() {
            Some(ahead) => ahead,
            None => Ahead { place: self.place(), taught: self.teach() },
        }
    }

    fn teach(&mut self) -> Result<Taught> {
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
        Ok(Taught { gradients, loss: loss / examples as f64, norm, examples })
    }

    fn check(&self, taught: &Taught) -> Result<()> {
        let &Taught { loss, norm, .. } = taught;
        if loss.is_finite() && norm.is_finite() {
            return Ok(());
        }
        Err(TrainError::Diverged { step: self.step + 1, loss, norm, rate: self.rate() })
    }

    /// The learning rate of the next step.
    fn rate(&self) -> f64 {
        self.settings.rate.at(self.step, self.settings.steps)
    }

    fn place(&self) -> Place {
        let [block, batch] = self.batches.place();
        Place { step: self.step, block, batch }
    }

    /// The batches of a step, and what each of them draws from.
    fn batches(&mut self) -> Result<Vec<(Vec<Example>, Generator)>> {
        let objective = &self.objective;
        let count = self.settings.accumulate as u64;
        let batch = |part| {
            let batch = self.batches.next(&mut self.examples, |example| objective.key(example))?;
            let index = self.step.wrapping_mul(count).wrapping_add(part);
            Ok((batch, Generator::new(self.settings.seed, Purpose::Step, index)))
        };
        (0..count).map(batch).collect()
    }

    fn learn(&self, batches: Vec<(Vec<Example>, Generator)>) -> Result<Vec<Learnt>> {
        let objective = &self.objective;
        let loss = |networks: &Networks, (batch, mut random): (Vec<Example>, Generator)| {
            objective.loss(networks, &batch, &mut random)
        };
        if objective.is_on_cpu() && batches.len() > 1 {
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
