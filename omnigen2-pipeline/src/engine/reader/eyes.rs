use burn::prelude::*;
use image::RgbImage;
use omnigen2_mllm::ImageFeatures;
use omnigen2_rope::Grid;
use omnigen2_vit::{Vit, VitConfig};

use crate::engine::slot::Slot;
use crate::metadata::digest;
use crate::pixels::{Size, VisionLimits, for_vit, vit_size};
use crate::{Error, Result};

/// The vision tower and how pictures are made ready for it.
#[derive(Debug)]
pub struct Eyes {
    config: VitConfig,
    limits: VisionLimits,
    vit: Slot<Vit>,
    device: Device,
}

/// A picture of a conversation and how many tokens it will have, before the vision tower has seen it.
pub(super) struct Shown<'a> {
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
    pub(super) fn measure<'a>(&self, pictures: impl Iterator<Item = &'a RgbImage>) -> Result<Vec<Shown<'a>>> {
        let measure = |(number, picture): (usize, &'a RgbImage)| {
            let size = Size::new(picture.width(), picture.height());
            let size = vit_size(size, &self.limits)
                .map_err(|source| Error::Shown { number, source: source.into() })?;
            let grid = Grid::new(size.height as usize, size.width as usize).blocks(self.config.cell());
            Ok(Shown { picture, digest: digest(picture), grid })
        };
        (1..).zip(pictures).map(measure).collect()
    }

    /// The features of a picture.
    pub(super) fn look(&mut self, shown: &Shown<'_>) -> Result<ImageFeatures> {
        let planes = for_vit(shown.picture, &self.limits)?;
        let patches = self.config.patches(planes.into_tensor(&self.device));
        Ok(ImageFeatures { values: self.vit.get()?.forward(&patches), grid: shown.grid })
    }

    pub(super) fn close(&mut self) {
        self.vit.release();
    }
}
