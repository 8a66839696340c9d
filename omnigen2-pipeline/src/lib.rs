#![doc = include_str!("../README.md")]

pub mod checkpoint;
pub mod device;
#[cfg(feature = "hub")]
pub mod hub;
pub mod metadata;
pub mod noise;
pub mod parts;
pub mod pixels;
pub mod preset;
pub mod reader;
pub mod slot;
pub mod text;
pub mod weights;

mod builder;
mod error;
mod generation;
mod omnigen2;
mod request;

pub use builder::{Builder, Precision};
pub use checkpoint::{Checkpoint, LooseFiles};
pub use error::{Error, Result};
pub use generation::{Generation, Step};
pub use omnigen2::{Memory, OmniGen2};
pub use omnigen2_dit::{CachePolicy, Guidance, Schedule, Solver, TimeShift};
pub use preset::Preset;
pub use request::{ImageRequest, RequestError};
