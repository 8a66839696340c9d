#![doc = include_str!("../README.md")]

mod attention;
mod block;
mod config;
mod error;
mod fields;
mod input;
mod mllm;
mod names;

pub use config::MllmConfig;
pub use error::{ConfigError, InputError};
pub use input::{ImageFeatures, Input};
pub use mllm::Mllm;
pub use names::{NAMES, PREFIXES};
