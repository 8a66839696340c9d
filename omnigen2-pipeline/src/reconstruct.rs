use image::RgbImage;

use crate::generation::planes;
use crate::omnigen2::Stage;
use crate::pixels::{ReferenceLimits, Size, for_vae};
use crate::{OmniGen2, Result};

impl OmniGen2 {
    /// A picture after it was encoded and decoded: what the autoencoder keeps of it, in the picture's own size.
    ///
    /// ```
    /// use burn::prelude::Device;
    /// use omnigen2_pipeline::{OmniGen2, pixels::RgbImage};
    ///
    /// # let checkpoint = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny-checkpoint");
    /// let mut omnigen2 = OmniGen2::load(checkpoint, &Device::flex())?;
    /// let kept = omnigen2.reconstruct(&RgbImage::new(48, 32))?;
    /// assert_eq!(kept.dimensions(), (48, 32));
    /// # Ok::<(), omnigen2_pipeline::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the picture is too small, or the autoencoder cannot be loaded or fails.
    pub fn reconstruct(&mut self, picture: &RgbImage) -> Result<RgbImage> {
        let seen = for_vae(picture, &ReferenceLimits::default())?.into_tensor(&self.device.clone());
        self.enter(Stage::Autoencoder);
        let autoencoder = self.autoencoder.get()?;
        let decoded = autoencoder.decode(autoencoder.encode(seen.unsqueeze())?)?;
        Ok(planes(decoded, Size::new(picture.width(), picture.height()))?.to_image())
    }
}
