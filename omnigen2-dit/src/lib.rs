#![doc = include_str!("../README.md")]

mod attention;
mod block;
mod cache;
mod canvas;
mod config;
mod dit;
mod embed;
mod error;
mod feed_forward;
mod field;
mod flow;
mod guidance;
mod loss;
mod modulation;
mod names;
mod schedule;
mod solver;

pub use attention::Attention;
pub use block::{ModulatedBlock, PlainBlock};
pub use cache::{CachePolicy, Layers, NoCache, StepCache, TaylorSeer, TeaCache};
pub use canvas::{Canvas, Context, Step};
pub use config::{DitConfig, MAX_REFERENCES};
pub use dit::Dit;
pub use embed::{CaptionEmbedder, TimeCaptionEmbed, TimestepEmbedder};
pub use error::{ConfigError, DitError};
pub use feed_forward::FeedForward;
pub use field::DitField;
pub use flow::{Branches, Moment, VelocityField};
pub use guidance::{Branch, Guidance, Guided};
pub use loss::FlowBatch;
pub use modulation::{Modulated, ModulatedNorm, NormOut};
pub use names::{NAMES, PREFIXES};
pub use schedule::{Schedule, TimeShift};
pub use solver::{Integration, Solver};
