use burn::prelude::*;
use image::RgbImage;
use omnigen2_mllm::ImageFeatures;
use omnigen2_rope::Grid;
use omnigen2_vit::{Vit, VitConfig};

use crate::metadata::digest;
use crate::pixels::{Size, VisionLimits, for_vit, vit_size};
use crate::slot::Slot;
use crate::{Error, Result};

/// The vision tower and how pictures are made ready for it.
#[derive(Debug)]
pub struct Eyes {
    config: VitConfig,
    limits: VisionLimits,
    vit: Slot<Vit>,
    device: Device,
}

/// A picture as a sequence of tokens holds it, before anyone has looked at it.
pub(super) struct Glimpse<'a> {
    pub(super) picture: &'a RgbImage,
    pub(super) digest: String,
    pub(super) grid: Grid,
}

impl Eyes {
    /// Eyes whose tower is loaded when the first picture is looked at.
    pub fn new(config: VitConfig, limits: VisionLimits, vit: Slot<Vit>, device: &Device) -> Self {
        Self { config, limits, vit, device: device.clone() }
    }

    /// How many tokens each picture will have, without looking at any.
    pub(super) fn glimpse<'a>(
        &self,
        pictures: impl Iterator<Item = &'a RgbImage>,
    ) -> Result<Vec<Glimpse<'a>>> {
        let glimpse = |(number, picture): (usize, &'a RgbImage)| {
            let size = Size::new(picture.width(), picture.height());
            let size = vit_size(size, &self.limits)
                .map_err(|source| Error::Shown { number, source: source.into() })?;
            let grid = Grid::new(size.height as usize, size.width as usize).blocks(self.config.cell());
            Ok(Glimpse { picture, digest: digest(picture), grid })
        };
        (1..).zip(pictures).map(glimpse).collect()
    }

    /// The features of a picture.
    pub(super) fn look(&mut self, glimpse: &Glimpse<'_>) -> Result<ImageFeatures> {
        let planes = for_vit(glimpse.picture, &self.limits)?;
        let patches = self.config.patches(planes.into_tensor(&self.device));
        Ok(ImageFeatures { values: self.vit.get()?.forward(&patches), grid: glimpse.grid })
    }

    pub(super) fn close(&mut self) {
        self.vit.release();
    }
}
