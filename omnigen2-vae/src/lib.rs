#![doc = include_str!("../README.md")]

mod attention;
mod config;
mod conv;
mod decoder;
mod encoder;
mod error;
mod mid;
mod names;
mod norm;
mod posterior;
mod resample;
mod resnet;
mod tile;
mod vae;

pub use config::VaeConfig;
pub use error::ConfigError;
pub use names::{FLUX_NAMES, NAMES};
pub use posterior::Posterior;
pub use tile::Tile;
pub use vae::Vae;
