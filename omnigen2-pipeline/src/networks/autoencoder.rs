use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_vae::{Posterior, Tile, Vae};

use crate::Result;
use crate::noise::standard_normal;
use crate::parts::Autoencoder;

/// The pixels of the largest picture that is worked on at once, unless that is said.
const WHOLE: usize = 512 * 512;

/// The FLUX VAE with a bound on how much of a picture it works on at a time.
#[derive(Debug)]
pub struct TiledVae {
    vae: Vae,
    /// None, if it follows the size of the picture.
    tile: Option<Tile>,
}

impl TiledVae {
    /// An autoencoder that works on `tile` at a time; the picture is the same.
    pub fn new(vae: Vae, tile: Tile) -> Self {
        Self { vae, tile: Some(tile) }
    }

    /// An autoencoder that works on a picture of up to 512×512 pixels at once, which takes 1 GiB, and on
    /// [64 rows](Tile::default) of a larger one. The size alone decides, so that a seed gives the same picture on
    /// every machine.
    pub fn by_size(vae: Vae) -> Self {
        Self { vae, tile: None }
    }

    fn tile(&self, width: usize, height: usize) -> Tile {
        self.tile.unwrap_or_else(|| usual_tile(width, height))
    }

    fn posterior(&self, image: Tensor<4>) -> Posterior {
        let [_, _, height, width] = image.dims();
        self.vae.encode_tiled(image, self.tile(width, height))
    }
}

/// How much of a picture of so many pixels is worked on at a time, unless that is said.
pub(crate) fn usual_tile(width: usize, height: usize) -> Tile {
    if width * height <= WHOLE { Tile::WHOLE } else { Tile::default() }
}

impl Autoencoder for TiledVae {
    fn downscale(&self) -> usize {
        self.vae.downscale()
    }

    fn encode(&self, image: Tensor<4>) -> Result<Tensor<4>> {
        Ok(self.vae.scale(self.posterior(image).mean()))
    }

    fn encode_drawn(&self, image: Tensor<4>, seed: u64) -> Result<Tensor<4>> {
        let posterior = self.posterior(image);
        let shape = posterior.mean().dims();
        let noise = standard_normal(seed, shape.iter().product());
        let noise =
            Tensor::from_data(TensorData::new(noise, shape), (&posterior.mean().device(), DType::F32));
        Ok(self.vae.scale(posterior.sample(noise)))
    }

    fn decode(&self, latent: Tensor<4>) -> Result<Tensor<4>> {
        let [_, _, rows, columns] = latent.dims();
        let pixels = self.vae.downscale();
        Ok(self.vae.decode_tiled(latent, self.tile(columns * pixels, rows * pixels)))
    }
}
