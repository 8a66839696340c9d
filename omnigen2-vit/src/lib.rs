#![doc = include_str!("../README.md")]

mod block;
mod config;
mod error;
mod merger;
mod names;
mod patch;
mod vit;
mod window;

pub use config::VitConfig;
pub use error::ConfigError;
pub use names::{NAMES, PREFIXES};
pub use patch::{MEAN, Patches, STD};
pub use vit::Vit;
