//! Training of all networks, as a published run of OmniGen2 is trained (arXiv 2506.18871) or from nothing.
//!
//! A [`Recipe`] is a TOML file: which checkpoint to begin with, what of it learns, from what, and how. A [`Run`] follows
//! it: an iterator of steps that keeps a state on disk and ends with a checkpoint. Below it, a [`Trainer`] takes any
//! iterator of [`Example`]s, and [`Gradients`] and [`Optimiser`] work on any module.
//!
//! What a step draws is a function of the seed and the step, so that a run that was cut off comes to the same numbers.

mod average;
mod batches;
mod both;
mod cache;
mod curve;
mod error;
mod example;
mod files;
mod gradients;
mod initial;
mod latents;
mod lesson;
mod muon;
mod networks;
mod optimiser;
mod pictures;
mod publish;
mod random;
mod rate;
mod recipe;
mod run;
mod side_by_side;
mod sketches;
#[cfg(test)]
mod slope;
mod state;
mod times;
mod trainer;
mod validation;
mod world;

pub use error::{Result, TrainError};
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
pub use side_by_side::{Learnt, learn_side_by_side};
pub use sketches::{Sketch, write_sketches};
pub use times::{TimeSampling, Times};
pub use trainer::{Progress, Settings, Trainer};
pub use validation::Validation;
pub use world::{Endless, Mixture};
