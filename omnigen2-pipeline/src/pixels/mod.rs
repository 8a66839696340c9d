//! Pictures: from files to what the networks read, and back.
//!
//! A picture is an [`RgbImage`] of the `image` crate, re-exported here. Resizing gives the bytes that Pillow
//! gives, which the reference uses.

mod drawn;
mod error;
mod jpeg;
mod open;
mod planes;
mod resample;
mod size;

pub(crate) use drawn::{Sizes, sizes};
pub use error::PixelError;
pub use image::RgbImage;
pub use open::open;
pub use planes::{Planes, for_vae, for_vit};
pub use size::{VisionLimits, output_size, vae_size, vit_size};

pub use crate::values::{ReferenceLimits, Size};
