use burn::prelude::*;

use crate::{Posterior, Vae};

/// The terms that an autoencoder is trained on.
#[derive(Clone, Debug)]
pub struct VaeLoss {
    /// The distance of the images from what they were decoded to: `|d| + d²`, weighted, the mean over all numbers, `[1]`.
    pub reconstruction: Tensor<1>,
    /// The Kullback–Leibler divergence of the latents from a standard normal distribution, the mean over all numbers
    /// of the latents, `[1]`.
    pub divergence: Tensor<1>,
}

impl Vae {
    /// Decodes a latent drawn for each image and compares (arXiv 1312.6114, section 2.3).
    ///
    /// # Shapes
    /// - posterior: of the images, as [`encode`](Self::encode) gives it
    /// - images: `[batch, in_channels, height, width]`, in `[-1, 1]`
    /// - noise: of the shape of the latents, standard normal
    ///
    /// # Panics
    /// If shapes disagree.
    pub fn loss(&self, posterior: &Posterior, images: Pixels, noise: Tensor<4>) -> VaeLoss {
        let decoded = self.decode(self.scale(posterior.sample(noise)));
        let distance = (decoded - images.values).abs();
        let distance = distance.clone() + distance.square();
        let reconstruction = (distance * images.weights).mean();
        VaeLoss { reconstruction, divergence: divergence(posterior) }
    }
}

/// Images to compare with.
#[derive(Clone, Debug)]
pub struct Pixels {
    /// `[batch, in_channels, height, width]`, in `[-1, 1]`.
    pub values: Tensor<4>,
    /// The weight with which each pixel counts, `[batch or 1, 1, height or 1, width or 1]`.
    pub weights: Tensor<4>,
}

fn divergence(posterior: &Posterior) -> Tensor<1> {
    let log_variance = posterior.log_variance();
    ((posterior.mean().square() + log_variance.clone().exp() - log_variance - 1.0) * 0.5).mean()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standard_normal_posterior_does_not_diverge() {
        let device = Device::flex();
        let moments = Tensor::<4>::zeros([1, 4, 2, 2], &device);
        assert_eq!(divergence(&Posterior::new(moments.clone())).into_scalar::<f32>(), 0.0);
        // A mean of 1 and a variance of e: (1 + e − 1 − 1) / 2.
        let found = divergence(&Posterior::new(moments + 1.0)).into_scalar::<f32>();
        assert!((found - (std::f32::consts::E - 1.0) / 2.0).abs() < 1e-6);
    }
}
