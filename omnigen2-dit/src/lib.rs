#![doc = include_str!("../README.md")]

mod attention;
mod block;
mod branch;
mod cache;
mod canvas;
mod config;
mod dit;
mod embed;
mod error;
mod feed_forward;
mod field;
mod flow;
mod foreseen;
mod guidance;
mod layers;
mod loss;
mod modulation;
mod names;
mod newton;
mod schedule;
mod solver;

pub use attention::Attention;
pub use block::{ModulatedBlock, PlainBlock};
pub use branch::{Branch, Branches, PerBranch};
pub use cache::{
    CachePolicy, FirstBlockCache, JointSize, MagCache, MagCalibration, MagCurve, NoCache, StepCache,
    StepCaches, TaylorSeer, TeaCache,
};
pub use canvas::{Canvas, Context, Step};
pub use config::{DitConfig, MAX_REFERENCES};
pub use dit::Dit;
pub use embed::{CaptionEmbedder, TimeCaptionEmbed, TimestepEmbedder};
pub use error::{ConfigError, DitError, ParseError};
pub use feed_forward::FeedForward;
pub use field::DitField;
pub use flow::{Moment, VelocityField};
pub use foreseen::Foreseen;
pub use guidance::{Guidance, Guided};
pub use layers::Layers;
pub use loss::FlowBatch;
pub use modulation::{Modulated, ModulatedNorm, NormOut};
pub use names::{FLOAT, NAMES, PREFIXES};
pub use schedule::{Schedule, TimeShift};
pub use solver::{Integration, Solver};
