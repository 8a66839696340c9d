#![doc = include_str!("../README.md")]

mod attention;
mod config;
mod conv;
mod decoder;
mod encoder;
mod error;
mod loss;
mod mid;
mod names;
mod norm;
mod posterior;
mod resample;
mod resnet;
mod rows;
mod tile;
mod vae;

pub use config::VaeConfig;
pub use error::ConfigError;
pub use loss::{Pixels, VaeLoss};
pub use names::{FLUX_NAMES, NAMES};
pub use posterior::Posterior;
pub use tile::Tile;
pub use vae::Vae;
