use burn::prelude::*;

use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::tile::Pass;
use crate::{Posterior, Tile, VaeConfig};

/// FLUX.1's autoencoder: between images in `[-1, 1]` and latents of which 8×8 pixels share one place.
///
/// Weights may rest in F32, BF16 or F16; everything is computed in the type of the input but for the
/// statistics of normalisation and the softmax, which are in F32.
#[derive(Module, Debug)]
pub struct Vae {
    encoder: Encoder,
    decoder: Decoder,
    scaling_factor: f64,
    shift_factor: f64,
    downscale: usize,
}

impl VaeConfig {
    /// The network, with random weights once they are asked for: until then nothing is allocated.
    ///
    /// # Panics
    /// If the configuration is not [valid](Self::validate).
    pub fn init(&self, device: &Device) -> Vae {
        let valid = self.validate();
        assert!(valid.is_ok(), "{valid:?}");
        Vae {
            encoder: Encoder::new(self, device),
            decoder: Decoder::new(self, device),
            scaling_factor: self.scaling_factor,
            shift_factor: self.shift_factor,
            downscale: self.downscale(),
        }
    }
}

impl Vae {
    /// Returns how many pixels of a side share one place of the latent.
    pub fn downscale(&self) -> usize {
        self.downscale
    }

    /// The distribution of an image's latent.
    ///
    /// # Shapes
    /// - image: `[batch, in_channels, height, width]`, in `[-1, 1]`
    /// - output: `[batch, latent_channels, height / downscale, width / downscale]`, rounded down
    ///
    /// # Panics
    /// If the batch is empty, the number of channels is not the network's, or a side is shorter than `downscale`.
    pub fn encode(&self, image: Tensor<4>) -> Posterior {
        self.encode_tiled(image, Tile::WHOLE)
    }

    /// [`encode`](Self::encode) in bands of rows: the same, up to rounding, in less memory.
    ///
    /// # Shapes
    /// - image: `[batch, in_channels, height, width]`, in `[-1, 1]`
    /// - output: `[batch, latent_channels, height / downscale, width / downscale]`, rounded down
    ///
    /// # Panics
    /// As [`encode`](Self::encode).
    pub fn encode_tiled(&self, image: Tensor<4>, tile: Tile) -> Posterior {
        let [batch, _, height, width] = image.dims();
        assert!(batch > 0, "there is no image");
        let least = self.downscale;
        assert!(height.min(width) >= least, "an image of {height}×{width} is smaller than {least}×{least}");
        Posterior::new(self.encoder.forward(image, &Pass::new(tile)))
    }

    /// The image of a *scaled* latent, as the diffusion transformer has it.
    ///
    /// # Shapes
    /// - latent: `[batch, latent_channels, height, width]`
    /// - output: `[batch, out_channels, downscale · height, downscale · width]`, about `[-1, 1]`, not clamped
    ///
    /// # Panics
    /// If the latent is empty, or its number of channels is not the network's.
    pub fn decode(&self, latent: Tensor<4>) -> Tensor<4> {
        self.decode_tiled(latent, Tile::WHOLE)
    }

    /// [`decode`](Self::decode) in bands of rows: the same image, up to rounding, in less memory.
    ///
    /// # Shapes
    /// - latent: `[batch, latent_channels, height, width]`
    /// - output: `[batch, out_channels, downscale · height, downscale · width]`, about `[-1, 1]`, not clamped
    ///
    /// # Panics
    /// As [`decode`](Self::decode).
    pub fn decode_tiled(&self, latent: Tensor<4>, tile: Tile) -> Tensor<4> {
        let dims = latent.dims();
        assert!(!dims.contains(&0), "a latent of {dims:?} is empty");
        self.decoder.forward(self.unscale(latent), &Pass::new(tile))
    }

    /// `(z − shift) · scale`: from the encoder's latent to the one the diffusion transformer works on.
    ///
    /// # Shapes
    /// - z and output: `[batch, latent_channels, height, width]`
    pub fn scale(&self, z: Tensor<4>) -> Tensor<4> {
        (z - self.shift_factor) * self.scaling_factor
    }

    /// `latent / scale + shift`: undoes [`scale`](Self::scale).
    ///
    /// # Shapes
    /// - latent and output: `[batch, latent_channels, height, width]`
    pub fn unscale(&self, latent: Tensor<4>) -> Tensor<4> {
        latent / self.scaling_factor + self.shift_factor
    }
}
