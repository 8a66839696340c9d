use image::RgbImage;

use super::decoded::planes;
use crate::Result;
use crate::engine::Engine;
use crate::pixels::{ReferenceLimits, Size, for_vae};

/// Encodes and decodes a picture.
pub(crate) fn reconstruct(engine: &mut Engine, picture: &RgbImage) -> Result<RgbImage> {
    let read = for_vae(picture, &ReferenceLimits::default())?;
    let seen = read.into_tensor(&engine.placement().autoencoder);
    let autoencoder = engine.autoencoder()?;
    let decoded = autoencoder.decode(autoencoder.encode(seen.unsqueeze())?)?;
    Ok(planes(decoded, Size::new(picture.width(), picture.height()))?.to_image())
}
