use std::path::{Path, PathBuf};

use burn::prelude::*;

use super::curve::Curve;
use super::error::Result;
use super::latents::measure;
use super::networks::Networks;
use super::objective::Objective;
use super::publish::publish;
use super::published::Published;
use super::recipe::Recipe;
use super::source::{ExampleIterator, examples};
use super::state::file;
use super::trainer::{Progress, Settings, Trainer};
use super::validation::Validation;
use omnigen2_pipeline::files::{Lock, clear_remains, disk};
use omnigen2_pipeline::weights::Storage;
use omnigen2_pipeline::{Checkpoint, OmniGen2, lora};

const STATE: &str = "state.safetensors";
const CURVE: &str = "curve.csv";
const ADAPTER: &str = "pytorch_lora_weights.safetensors";
const VALIDATION: &str = "validation";
/// Examples whose latents are measured.
const MEASURED: usize = 512;

/// A recipe being followed: iterate for steps.
///
/// The state is saved every so many of them and after the last one, when a checkpoint is written too. Begun again, a
/// run goes on from its last state, wherever it was cut off. Nobody else can follow a recipe into the same folder while
/// it lives.
#[derive(Debug)]
pub struct Run {
    recipe: Recipe,
    trainer: Trainer<ExampleIterator>,
    curve: Curve,
    published: Published,
    /// The step at which the state was saved last.
    saved: Option<u64>,
    _lock: Lock,
}

impl Run {
    /// Begins a recipe, or goes on with it.
    ///
    /// # Errors
    /// If the recipe is impossible, another process follows one into the same folder, or the checkpoint, the examples
    /// or the state cannot be read.
    pub fn begin(recipe: Recipe, device: &Device) -> Result<Self> {
        recipe.validate()?;
        let published = Published::within(&recipe.out);
        recipe.check_places(published.folder())?;
        let lock = enter(&recipe.out)?;
        let device = device.clone().autodiff();
        let checkpoint = Checkpoint::open(&recipe.checkpoint)?;
        let networks = Networks::begin(&recipe, &checkpoint, &device)?;
        let objective = Objective::of(&recipe, &checkpoint, &device)?;
        let mut trainer = Trainer::new(Settings::of(&recipe), objective, networks, examples(&recipe)?);
        let state = recipe.out.join(STATE);
        if state.exists() {
            trainer = trainer.resume(&state)?;
        }
        let curve = Curve::after(&recipe.out.join(CURVE), trainer.step())?;
        let run = Self { recipe, trainer, curve, published, saved: None, _lock: lock };
        run.catch_up()?;
        Ok(run)
    }

    /// Writes the state, so that the run can go on from here.
    ///
    /// # Errors
    /// If the next step diverges, or the state cannot be written; the one before is kept then.
    pub fn save(&mut self) -> Result<()> {
        self.trainer.save(&self.recipe.out.join(STATE))?;
        self.saved = Some(self.trainer.step());
        Ok(())
    }

    /// Returns the step at which the state was last saved, if it was since the run began here.
    pub fn saved(&self) -> Option<u64> {
        self.saved
    }

    /// Returns the path of the table of losses, a row of CSV a step.
    pub fn curve(&self) -> PathBuf {
        self.recipe.out.join(CURVE)
    }

    /// Writes what was learnt as a checkpoint, or adapters as the reference's trainer names their file, and gives the
    /// directory. Whatever stood there before is replaced as a whole.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn publish(&self) -> Result<PathBuf> {
        self.published.write(self.trainer.step(), &self.recipe, |folder| self.write(folder))?;
        Ok(self.checkpoint())
    }

    /// Returns the recipe.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Returns the trainer that does the steps.
    pub fn trainer(&self) -> &Trainer<ExampleIterator> {
        &self.trainer
    }

    /// Returns the directory of the checkpoint, which is there once it was published.
    pub fn checkpoint(&self) -> PathBuf {
        self.published.folder().to_owned()
    }

    fn write(&self, folder: &Path) -> Result<()> {
        let mut networks = self.trainer.averaged();
        if let Some(transformer) = networks.transformer.as_ref().filter(|_| self.recipe.lora.is_some()) {
            return Ok(lora::save(transformer, folder.join(ADAPTER))?);
        }
        let device = self.plain_device();
        let checkpoint = Checkpoint::open(&self.recipe.checkpoint)?;
        // They share their files, so that one is never written without the other.
        match (&networks.mllm, &networks.vit) {
            (Some(_), None) => networks.vit = Some(checkpoint.load_vit(&device, Storage::F32)?),
            (None, Some(_)) => networks.mllm = Some(checkpoint.load_mllm(&device, Storage::F32)?),
            _ => {}
        }
        publish(&networks, &self.recipe.checkpoint, folder, self.recipe.precise)?;
        if let Some(vae) = &networks.vae {
            let some = examples(&self.recipe)?.take(MEASURED).collect::<Result<Vec<_>>>()?;
            measure(vae, &some, &device).write(folder)?;
        }
        Ok(())
    }

    fn after(&mut self, progress: &Progress) -> Result<()> {
        self.curve.push(progress)?;
        if self.is_done() {
            self.save()?;
            return self.catch_up();
        }
        let saves = progress.step.is_multiple_of(self.recipe.save_every);
        let draws = self.validation().is_some();
        // A step that will diverge says so when it is taken; nothing is kept of what leads to it.
        if (saves || draws) && self.trainer.check_ahead().is_err() {
            return Ok(());
        }
        if saves {
            self.save()?;
        }
        self.catch_up()
    }

    /// Writes what should be there at this step and is not.
    fn catch_up(&self) -> Result<()> {
        let step = self.trainer.step();
        if self.is_done() && !self.published.is_of(step, &self.recipe)? {
            self.publish()?;
        }
        match self.validation() {
            Some(validation) => {
                let folder = self.recipe.out.join(VALIDATION);
                if validation.is_drawn(&folder, step) {
                    return Ok(());
                }
                validation.draw(&mut self.ready()?, &folder, step)
            }
            None => Ok(()),
        }
    }

    fn is_done(&self) -> bool {
        self.trainer.step() >= self.recipe.steps
    }

    /// What is to be drawn at this step.
    fn validation(&self) -> Option<&Validation> {
        let step = self.trainer.step();
        let is_due = |validation: &&Validation| step > 0 && step.is_multiple_of(validation.every);
        self.recipe.validation.as_ref().filter(|validation| self.is_done() || is_due(validation))
    }

    /// A pipeline with what was learnt so far.
    fn ready(&self) -> Result<OmniGen2> {
        if !self.published.is_of(self.trainer.step(), &self.recipe)? {
            self.publish()?;
        }
        let learnt = self.checkpoint();
        let builder = OmniGen2::builder(&self.plain_device());
        let builder = match self.recipe.lora {
            Some(_) => builder.checkpoint(&self.recipe.checkpoint)?.lora(learnt, 1.0)?,
            None => builder.checkpoint(learnt)?,
        };
        Ok(builder.build()?)
    }

    /// The device without a record of gradients.
    fn plain_device(&self) -> Device {
        self.trainer.objective().device().clone().inner()
    }
}

impl Iterator for Run {
    type Item = Result<Progress>;

    fn next(&mut self) -> Option<Self::Item> {
        let progress = self.trainer.next()?;
        Some(progress.and_then(|progress| self.after(&progress).map(|()| progress)))
    }
}

/// Takes the folder of a run, and clears what a run that was killed left half written.
fn enter(out: &Path) -> Result<Lock> {
    disk::create_folders(out).map_err(|source| file("create", out, source))?;
    let lock = Lock::within(out)?;
    for folder in [out, &out.join(VALIDATION)] {
        if folder.is_dir() {
            clear_remains(folder).map_err(|source| file("clear", folder, source))?;
        }
    }
    Ok(lock)
}
