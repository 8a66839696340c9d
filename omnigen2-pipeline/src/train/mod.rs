//! Training of all networks.

mod average;
mod batches;
mod curve;
mod error;
mod example;
mod files;
mod gradients;
mod initial;
mod latents;
mod lesson;
mod networks;
mod optimiser;
mod pictures;
mod publish;
mod random;
mod rate;
mod recipe;
mod run;
mod state;
mod times;
mod trainer;
mod vocabulary;
#[cfg(feature = "shapes")]
mod world;

pub use error::TrainError;
pub use example::{Example, Output};
pub use files::Passes;
pub use gradients::Gradients;
pub use lesson::Lesson;
pub use networks::Networks;
pub use optimiser::{AdamW, Optimiser};
pub use publish::Precise;
pub use rate::{Decay, Rate};
pub use recipe::{Examples, Part, Recipe, Weights};
pub use run::{ExampleIterator, Run};
pub use times::Times;
pub use trainer::{Progress, Settings, Trainer};
pub use vocabulary::tokenizer;
#[cfg(feature = "shapes")]
pub use world::{Endless, Mixture};
