use burn::prelude::*;

/// The distribution of an image's latent: a Gaussian of independent numbers (arXiv 1312.6114, section 3).
#[derive(Clone, Debug)]
pub struct Posterior {
    mean: Tensor<4>,
    log_variance: Tensor<4>,
}

impl Posterior {
    /// # Shapes
    /// - moments: `[batch, 2 latent_channels, height, width]`, the means before the logarithms
    pub(crate) fn new(moments: Tensor<4>) -> Self {
        let channels = moments.dims()[1] / 2;
        Self {
            mean: moments.clone().narrow(1, 0, channels),
            log_variance: moments.narrow(1, channels, channels).clamp(-30.0, 20.0),
        }
    }

    /// The likeliest latent, unscaled: `[batch, latent_channels, height, width]`.
    pub fn mean(&self) -> Tensor<4> {
        self.mean.clone()
    }

    /// The logarithm of the variance, within −30 and 20 as in the reference:
    /// `[batch, latent_channels, height, width]`.
    pub fn log_variance(&self) -> Tensor<4> {
        self.log_variance.clone()
    }

    /// The latent, unscaled, that standard normal `noise` stands for.
    ///
    /// # Shapes
    /// - noise and output: `[batch, latent_channels, height, width]`
    ///
    /// # Panics
    /// If `noise` has another shape.
    pub fn sample(&self, noise: Tensor<4>) -> Tensor<4> {
        assert_eq!(noise.dims(), self.mean.dims(), "noise must have the shape of the latent");
        self.mean() + (self.log_variance() * 0.5).exp() * noise
    }
}
