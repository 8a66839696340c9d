#![doc = include_str!("../README.md")]

mod attention;
mod batch;
mod block;
mod cache;
mod config;
mod decode;
mod error;
mod generation;
mod input;
mod loss;
mod mask;
mod mllm;
mod names;
mod sample;
mod sequence;
mod tokens;

pub use batch::BatchFeatures;
pub use cache::KvCache;
pub use config::MllmConfig;
pub use decode::{DecodeError, Decoder, Next};
pub use error::{ConfigError, InputError};
pub use generation::GenerationConfig;
pub use input::{ImageFeatures, Input};
pub use loss::TargetToken;
pub use mllm::Mllm;
pub use names::{FINE, GGUF_NAMES, NAMES, PREFIXES};
pub use sample::{Sampler, Sampling, SamplingError};
