mod check;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::optimiser::AdamW;
use crate::precise::Precise;
use crate::rate::Rate;
use crate::times::TimeSampling;
use crate::validation::Validation;
use crate::world::Mixture;
use omnigen2_pipeline::files::read_text_bounded;
use omnigen2_pipeline::lora::LoraConfig;

/// The most bytes of a recipe's file.
const MOST_BYTES: u64 = 1 << 20;

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

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vae => "vae",
            Self::Transformer => "transformer",
            Self::Mllm => "mllm",
            Self::Vit => "vit",
        })
    }
}

/// A training run as a TOML file describes it. Paths are relative to the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The checkpoint to begin with: configurations, tokenizer, and the weights of all parts that are not fresh.
    pub checkpoint: PathBuf,
    /// The folder where the run keeps its state and its curve, and writes its checkpoint.
    pub out: PathBuf,
    /// The parts that learn.
    pub learn: Vec<Part>,
    /// The parts that learn and begin anew.
    #[serde(default)]
    pub fresh: Vec<Part>,
    /// The adapters that learn in place of the transformer; they alone are written.
    #[serde(default)]
    pub lora: Option<LoraConfig>,
    /// The examples to learn from.
    pub examples: Examples,
    /// The seed of everything random.
    #[serde(default)]
    pub seed: u64,
    /// The number of steps.
    pub steps: u64,
    /// The number of examples of one shape that are learnt from together.
    pub batch: usize,
    /// The number of batches that make a step.
    #[serde(default = "one")]
    pub accumulate: usize,
    /// The number of batches that are gathered at a time and put together by shape: with more of them fewer are left
    /// smaller, and their pictures take more memory.
    #[serde(default = "several")]
    pub gather: usize,
    /// The learning rate.
    #[serde(default)]
    pub rate: Rate,
    /// The settings of the optimiser.
    #[serde(default)]
    pub optimiser: AdamW,
    /// The part of the average weights that is kept at each step; the averages are written in the end.
    #[serde(default = "average")]
    pub average: f64,
    /// The number of steps after which the state is saved.
    #[serde(default = "often")]
    pub save_every: u64,
    /// Pictures to draw on the way.
    #[serde(default)]
    pub validation: Option<Validation>,
    /// The weights of the parts of a loss.
    #[serde(default)]
    pub weights: Weights,
    /// The times from noise to image at which images are learnt from.
    #[serde(default)]
    pub times: TimeSampling,
    /// The type in which the checkpoint is written.
    #[serde(default)]
    pub precise: Precise,
}

/// The source of examples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Examples {
    /// The shapes world, by how often each task comes.
    Shapes(Mixture),
    /// Lines of JSON, or a mixture of such files in YAML, as the reference has them.
    File(PathBuf),
    /// Examples of the shapes world and of a file, in no order.
    Both {
        /// The shapes world.
        shapes: Mixture,
        /// A file.
        file: PathBuf,
        /// The part of the examples that comes from the file.
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

/// The weights of the parts of a loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// The weight that a pixel beside an edge has more to the autoencoder.
    pub edges: f64,
    /// The weight of the divergence of the autoencoder's latents from a standard normal distribution.
    pub divergence: f64,
    /// The probability that a prompt is left out.
    pub prompt_dropout: f64,
    /// The probability that the references are left out where the prompt is.
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
    /// Reads a recipe from a file.
    ///
    /// # Errors
    /// If there is none, or a setting is unknown or impossible.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, TrainError> {
        let path = path.as_ref();
        let wrong = |why: String| TrainError::Recipe { path: path.to_owned(), why };
        let text = read_text_bounded(path, MOST_BYTES).map_err(|error| wrong(error.to_string()))?;
        let mut recipe: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        recipe.checkpoint = folder.join(&recipe.checkpoint);
        recipe.out = folder.join(&recipe.out);
        if let Some(file) = recipe.examples.file_mut() {
            *file = folder.join(&*file);
        }
        recipe.validate().map(|()| recipe)
    }
}
