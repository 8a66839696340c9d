#![doc = include_str!("../README.md")]

mod attention;
mod config;
mod conv;
#[cfg(feature = "flex")]
mod cpu;
#[cfg(not(feature = "flex"))]
#[path = "cpu/absent.rs"]
mod cpu;
mod decoder;
mod encoder;
mod error;
#[cfg(all(feature = "flex", feature = "train"))]
mod learn;
#[cfg(not(all(feature = "flex", feature = "train")))]
#[path = "learn/absent.rs"]
mod learn;
mod loss;
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
pub use loss::{Pixels, VaeLoss};
pub use names::{FLUX_NAMES, NAMES};
pub use posterior::Posterior;
pub use tile::Tile;
pub use vae::Vae;
