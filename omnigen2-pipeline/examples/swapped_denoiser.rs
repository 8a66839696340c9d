//! An own denoiser in the pipeline: `cargo run --release --example swapped_denoiser CHECKPOINT`

use burn::prelude::*;
use omnigen2_dit::{Branches, Moment, PerBranch};
use omnigen2_pipeline::parts::{Conditions, Denoiser};
use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::{ImageRequest, OmniGen2, Result};

/// Moves every latent straight to grey, whatever the prompt says.
struct Grey;

impl Denoiser for Grey {
    fn latent_channels(&self) -> usize {
        16
    }

    fn field(&self, _: Conditions) -> Result<Box<dyn Branches + Send>> {
        Ok(Box::new(Grey))
    }
}

impl Branches for Grey {
    fn velocities(&mut self, x: Tensor<4>, at: Moment) -> PerBranch<Tensor<4>> {
        PerBranch::Unguided { full: self.unguided(x, at) }
    }

    fn unguided(&mut self, x: Tensor<4>, at: Moment) -> Tensor<4> {
        x * (-1.0 / (1.0 - at.t))
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let checkpoint = std::env::args().nth(1).ok_or("name a checkpoint directory")?;
    let mut omnigen2 = OmniGen2::builder(&Device::flex()).checkpoint(checkpoint)?.denoiser(Grey).build()?;
    let request = ImageRequest::new("grey").size(Size::new(128, 128)).steps(4);
    omnigen2.generate(&request)?.finish()?[0].save("swapped_denoiser.png")?;
    Ok(())
}
