//! An own autoencoder in the pipeline: `cargo run --release --example swapped_autoencoder CHECKPOINT`

use burn::prelude::*;
use omnigen2_pipeline::parts::Autoencoder;
use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::{ImageRequest, OmniGen2, Result};

/// Shows the first three channels of a latent, one pixel as a square of eight by eight: a preview without a VAE.
struct Peek;

impl Autoencoder for Peek {
    fn downscale(&self) -> usize {
        8
    }

    fn encode(&self, image: Tensor<4>) -> Result<Tensor<4>> {
        Ok(image)
    }

    fn decode(&self, latent: Tensor<4>) -> Result<Tensor<4>> {
        let [_, _, height, width] = latent.dims();
        let pixels: Tensor<6> = latent.narrow(1, 0, 3).reshape([1, 3, height, 1, width, 1]);
        Ok(pixels.expand([1, 3, height, 8, width, 8]).reshape([1, 3, height * 8, width * 8]))
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let checkpoint = std::env::args().nth(1).ok_or("name a checkpoint directory")?;
    let builder = OmniGen2::builder(&Device::flex()).checkpoint(checkpoint)?;
    let mut omnigen2 = builder.autoencoder(Peek).build()?;
    let request = ImageRequest::new("a red fox").size(Size::new(128, 128)).steps(4);
    omnigen2.generate(&request)?.finish()?[0].save("swapped_autoencoder.png")?;
    Ok(())
}
