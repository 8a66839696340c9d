use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::TrainError;
use super::optimiser::AdamW;
use super::publish::Precise;
use super::rate::Rate;
use super::times::TimeSampling;
use super::validation::Validation;
use omnigen2_pipeline::lora::LoraConfig;

/// A network of a checkpoint that can learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The autoencoder.
    Vae,
    /// The diffusion transformer.
    Transformer,
    /// The language model.
    Mllm,
    /// The vision tower.
    Vit,
}

/// All that a training run is, as a TOML file says it. Paths are relative to the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The checkpoint to begin with: configurations, tokenizer, and the weights of all parts that are not fresh.
    pub checkpoint: PathBuf,
    /// Where the run keeps its state and its curve, and writes its checkpoint.
    pub out: PathBuf,
    /// Which parts learn.
    pub learn: Vec<Part>,
    /// Which of them begin anew.
    #[serde(default)]
    pub fresh: Vec<Part>,
    /// Adapters learn in place of the transformer, and they alone are written.
    #[serde(default)]
    pub lora: Option<LoraConfig>,
    /// What they learn from.
    pub examples: Examples,
    /// What everything random is drawn from.
    #[serde(default)]
    pub seed: u64,
    /// How many steps the run has.
    pub steps: u64,
    /// How many examples of one shape are learnt from together.
    pub batch: usize,
    /// How many batches make a step.
    #[serde(default = "one")]
    pub accumulate: usize,
    /// How many batches are gathered at a time and put together by shape: the more, the fewer are left smaller, and the
    /// more memory their pictures take.
    #[serde(default = "several")]
    pub gather: usize,
    /// The learning rate.
    #[serde(default)]
    pub rate: Rate,
    /// How gradients change weights.
    #[serde(default)]
    pub optimiser: AdamW,
    /// How much of the average weights is kept at each step; the averages are what is written in the end.
    #[serde(default = "average")]
    pub average: f64,
    /// After how many steps the state is saved.
    #[serde(default = "often")]
    pub save_every: u64,
    /// Pictures to draw on the way.
    #[serde(default)]
    pub validation: Option<Validation>,
    /// What the losses weigh.
    #[serde(default)]
    pub weights: Weights,
    /// How far images have come when they are learnt from.
    #[serde(default)]
    pub times: TimeSampling,
    /// In which type the checkpoint is written.
    #[serde(default)]
    pub precise: Precise,
}

/// Where examples come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Examples {
    /// The shapes world, by how often each task comes.
    Shapes(super::world::Mixture),
    /// Lines of JSON, or a mixture of such files in YAML, as the reference has them.
    File(PathBuf),
    /// Both, in no order.
    Both {
        /// The shapes world.
        shapes: super::world::Mixture,
        /// A file.
        file: PathBuf,
        /// How large a part comes from the file.
        share: f64,
    },
}

impl Examples {
    fn file_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::Shapes(_) => None,
            Self::File(file) => Some(file),
            Self::Both { file, .. } => Some(file),
        }
    }
}

/// What the parts of a loss weigh.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// How much more a pixel beside an edge counts to the autoencoder.
    pub edges: f64,
    /// How much the divergence of its latents from a standard normal distribution counts.
    pub divergence: f64,
    /// How often a prompt is left out.
    pub prompt_dropout: f64,
    /// How often the references are left out where the prompt is.
    pub reference_dropout: f64,
}

impl Default for Weights {
    /// The reference's dropout.
    fn default() -> Self {
        Self { edges: 0.0, divergence: 1e-6, prompt_dropout: 1e-4, reference_dropout: 0.5 }
    }
}

fn several() -> usize {
    128
}

fn one() -> usize {
    1
}

fn average() -> f64 {
    0.999
}

fn often() -> u64 {
    500
}

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    /// If there is none, or a setting is unknown or impossible.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, TrainError> {
        let path = path.as_ref();
        let wrong = |why: String| TrainError::Recipe { path: path.to_owned(), why };
        let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let mut recipe: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        recipe.checkpoint = folder.join(&recipe.checkpoint);
        recipe.out = folder.join(&recipe.out);
        if let Some(file) = recipe.examples.file_mut() {
            *file = folder.join(&*file);
        }
        recipe.validate().map(|()| recipe)
    }

    /// # Errors
    /// The first setting that is impossible.
    pub fn validate(&self) -> Result<(), TrainError> {
        let check = |holds: bool, setting, why: String| match holds {
            true => Ok(()),
            false => Err(TrainError::Setting { setting, why }),
        };
        check(!self.learn.is_empty(), "learn", "name at least one part".into())?;
        let idle = self.fresh.iter().find(|part| !self.learn.contains(part));
        check(
            idle.is_none(),
            "fresh",
            format!("{idle:?} begins anew but does not learn; add it to `learn`"),
        )?;
        let adapted = self.lora.is_none() || (self.learn == [Part::Transformer] && self.fresh.is_empty());
        check(adapted, "lora", "adapters are of a transformer that is not fresh; let it learn alone".into())?;
        let alone = !self.learn.contains(&Part::Vae) || self.learn.len() == 1;
        check(alone, "learn", "the autoencoder learns alone, before the others".into())?;
        check(self.steps > 0, "steps", "at least 1 is needed".into())?;
        check(self.batch > 0, "batch", "at least 1 example is needed".into())?;
        check(self.accumulate > 0, "accumulate", "at least 1 batch is needed".into())?;
        check(self.gather > 0, "gather", "at least 1 batch is needed".into())?;
        let drawn = self.validation.as_ref().is_none_or(|validation| validation.every > 0);
        check(drawn, "validation.every", "at least 1 step is needed".into())?;
        check(
            self.validation.is_none() || self.learn != [Part::Vae],
            "validation",
            "an autoencoder draws nothing".into(),
        )?;
        check(self.save_every > 0, "save_every", "at least 1 step is needed".into())?;
        let share = |x: f64| (0.0..1.0).contains(&x);
        if let Examples::Both { share: part, .. } = &self.examples {
            check(share(*part), "share", format!("{part} is not in [0, 1)"))?;
        }
        check(share(self.average), "average", format!("{} is not in [0, 1)", self.average))?;
        let AdamW { beta1, beta2, epsilon, clip_norm, muon, .. } = self.optimiser;
        check(
            share(beta1) && share(beta2) && muon.is_none_or(share),
            "optimiser",
            format!("beta1 {beta1}, beta2 {beta2} and muon's momentum must be in [0, 1)"),
        )?;
        let TimeSampling { location, scale, .. } = self.times;
        check(
            location.is_finite() && scale.is_finite() && scale >= 0.0,
            "times",
            format!("a location of {location} and a scale of {scale} are impossible"),
        )?;
        check(epsilon > 0.0 && clip_norm > 0.0, "optimiser", "epsilon and clip_norm must be above 0".into())?;
        check(
            self.rate.peak > 0.0 && self.rate.peak.is_finite(),
            "rate",
            format!("a peak of {} is impossible", self.rate.peak),
        )
    }
}
