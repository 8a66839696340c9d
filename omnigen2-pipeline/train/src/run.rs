use std::fs;
use std::path::PathBuf;

use burn::module::Module;
use burn::prelude::*;

use super::both::Both;
use super::curve::Curve;
use super::error::Result;
use super::example::Example;
use super::files;
use super::initial::initialise;
use super::latents::measure;
use super::lesson::Lesson;
use super::networks::Networks;
use super::publish::publish;
use super::recipe::{Examples, Part, Recipe};
use super::state::file;
use super::trainer::{Progress, Settings, Trainer};
use omnigen2_pipeline::lora;
use omnigen2_pipeline::weights::Storage;
use omnigen2_pipeline::{Checkpoint, OmniGen2};

const STATE: &str = "state.safetensors";
const CURVE: &str = "curve.csv";
const CHECKPOINT: &str = "checkpoint";
const ADAPTER: &str = "pytorch_lora_weights.safetensors";
const VALIDATION: &str = "validation";
/// Examples whose latents are measured.
const MEASURED: usize = 512;

/// Examples from wherever they come.
pub type ExampleIterator = Box<dyn Iterator<Item = Result<Example>> + Send>;

/// A recipe being followed: iterate for steps. The state is saved every so many of them and after the last one, when a
/// checkpoint is written too; begun again, a run goes on from its last state.
#[derive(Debug)]
pub struct Run {
    recipe: Recipe,
    trainer: Trainer<ExampleIterator>,
    curve: Curve,
    /// The step at which the state was saved last.
    saved: Option<u64>,
}

impl Run {
    /// Begins a recipe, or goes on with it.
    ///
    /// # Errors
    /// If the recipe is impossible, or its checkpoint, examples or state cannot be read.
    pub fn begin(recipe: Recipe, device: &Device) -> Result<Self> {
        recipe.validate()?;
        fs::create_dir_all(&recipe.out).map_err(|source| file("create", &recipe.out, source))?;
        let device = device.clone().autodiff();
        let checkpoint = Checkpoint::open(&recipe.checkpoint)?;
        let networks = networks(&recipe, &checkpoint, &device)?;
        let lesson = Lesson::of(&recipe, &checkpoint, &device)?;
        let settings = Settings {
            seed: recipe.seed,
            steps: recipe.steps,
            batch: recipe.batch,
            accumulate: recipe.accumulate,
            gather: recipe.gather,
            rate: recipe.rate,
            optimiser: recipe.optimiser,
            average: recipe.average,
        };
        let mut trainer = Trainer::new(settings, lesson, networks, examples(&recipe)?);
        let state = recipe.out.join(STATE);
        if state.exists() {
            trainer = trainer.resume(&state)?;
        }
        let curve = Curve::after(&recipe.out.join(CURVE), trainer.step())?;
        let run = Self { recipe, trainer, curve, saved: None };
        if run.trainer.step() >= run.recipe.steps && !run.checkpoint().exists() {
            // It was cut off after its last step.
            run.publish()?;
        }
        Ok(run)
    }

    /// Writes the state, so that the run can go on from here.
    ///
    /// # Errors
    /// If it cannot be written; the one before is kept then.
    pub fn save(&mut self) -> Result<()> {
        self.trainer.save(&self.recipe.out.join(STATE))?;
        self.saved = Some(self.trainer.step());
        Ok(())
    }

    /// The step at which the state was last saved, if it was since the run began here.
    pub fn saved(&self) -> Option<u64> {
        self.saved
    }

    /// The table of losses, a row of CSV a step.
    pub fn curve(&self) -> PathBuf {
        self.recipe.out.join(CURVE)
    }

    /// Writes what was learnt as a checkpoint, or adapters as the reference's trainer names their file, and gives the
    /// directory.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn publish(&self) -> Result<PathBuf> {
        let to = self.recipe.out.join(CHECKPOINT);
        let mut networks = self.trainer.averaged();
        if let Some(transformer) = networks.transformer.as_ref().filter(|_| self.recipe.lora.is_some()) {
            fs::create_dir_all(&to).map_err(|source| file("create", &to, source))?;
            lora::save(transformer, to.join(ADAPTER))?;
            return Ok(to);
        }
        let device = self.trainer.lesson().device().clone().inner();
        let checkpoint = Checkpoint::open(&self.recipe.checkpoint)?;
        // They share their files, so that one is never written without the other.
        match (&networks.mllm, &networks.vit) {
            (Some(_), None) => networks.vit = Some(checkpoint.load_vit(&device, Storage::F32)?),
            (None, Some(_)) => networks.mllm = Some(checkpoint.load_mllm(&device, Storage::F32)?),
            _ => {}
        }
        publish(&networks, &self.recipe.checkpoint, &to, self.recipe.precise)?;
        if let Some(vae) = &networks.vae {
            let some = examples(&self.recipe)?.take(MEASURED).collect::<Result<Vec<_>>>()?;
            measure(vae, &some, &device).write(&to)?;
        }
        Ok(to)
    }

    /// The recipe.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The run itself.
    pub fn trainer(&self) -> &Trainer<ExampleIterator> {
        &self.trainer
    }

    /// Where its checkpoint will be.
    pub fn checkpoint(&self) -> PathBuf {
        self.recipe.out.join(CHECKPOINT)
    }

    fn after(&mut self, progress: &Progress) -> Result<()> {
        self.curve.push(progress)?;
        let is_last = progress.step == progress.steps;
        if is_last || progress.step.is_multiple_of(self.recipe.save_every) {
            self.save()?;
        }
        if is_last {
            self.publish()?;
        }
        match &self.recipe.validation {
            Some(validation) if is_last || progress.step.is_multiple_of(validation.every) => {
                validation.draw(&mut self.ready()?, &self.recipe.out.join(VALIDATION), progress.step)
            }
            _ => Ok(()),
        }
    }

    /// A pipeline with what was learnt so far.
    fn ready(&self) -> Result<OmniGen2> {
        let learnt = self.publish()?;
        let device = self.trainer.lesson().device().clone().inner();
        let builder = OmniGen2::builder(&device);
        let builder = match self.recipe.lora {
            Some(_) => builder.checkpoint(&self.recipe.checkpoint)?.lora(learnt, 1.0)?,
            None => builder.checkpoint(learnt)?,
        };
        Ok(builder.build()?)
    }
}

impl Iterator for Run {
    type Item = Result<Progress>;

    fn next(&mut self) -> Option<Self::Item> {
        let progress = self.trainer.next()?;
        Some(progress.and_then(|progress| self.after(&progress).map(|()| progress)))
    }
}

/// The parts that learn, fresh or as the checkpoint has them.
fn networks(recipe: &Recipe, checkpoint: &Checkpoint, device: &Device) -> Result<Networks> {
    let seed = recipe.seed;
    let is_fresh = |part| recipe.fresh.contains(&part);
    let learns = |part| recipe.learn.contains(&part);
    let storage = Storage::F32;
    if let Some(config) = &recipe.lora {
        let transformer = Some(lora::fresh(checkpoint.load_dit(device, storage)?, config, seed)?);
        return Ok(Networks { vae: None, transformer, mllm: None, vit: None });
    }
    let fresh = |part| learns(part).then(|| is_fresh(part));
    let vae = match fresh(Part::Vae) {
        None => None,
        Some(true) => Some(initialise(checkpoint.vae_config()?.init(device), seed)),
        Some(false) => Some(checkpoint.load_vae(device, storage)?),
    };
    let transformer = match fresh(Part::Transformer) {
        None => None,
        Some(true) => Some(initialise(checkpoint.dit_config()?.init(device), seed)),
        Some(false) => Some(checkpoint.load_dit(device, storage)?),
    };
    let mllm = match fresh(Part::Mllm) {
        None => None,
        Some(true) => Some(initialise(checkpoint.mllm_config()?.init(device), seed)),
        Some(false) => Some(checkpoint.load_mllm(device, storage)?),
    };
    let vit = match fresh(Part::Vit) {
        None => None,
        Some(true) => Some(initialise(checkpoint.vit_config()?.init(device), seed)),
        Some(false) => Some(checkpoint.load_vit(device, storage)?),
    };
    Ok(Networks { vae, transformer, mllm, vit }.set_require_grad(true))
}

fn examples(recipe: &Recipe) -> Result<ExampleIterator> {
    match &recipe.examples {
        Examples::Shapes(mixture) => Ok(Box::new(mixture.examples(recipe.seed).map(Ok))),
        Examples::File(path) => Ok(Box::new(files::open(path, recipe.seed)?)),
        Examples::Both { shapes, file, share } => {
            let file = files::open(file, recipe.seed)?;
            Ok(Box::new(Both::new(recipe.seed, shapes.examples(recipe.seed), file, *share)))
        }
    }
}
