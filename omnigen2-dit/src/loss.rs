use burn::prelude::*;
use omnigen2_rope::Grid;

use crate::dit::Dit;
use crate::error::DitError;

/// Images on their way from noise, and what they are drawn from: one batch to learn from. All images have one size,
/// and as many tokens of text and references of the same sizes.
#[derive(Clone, Debug)]
pub struct FlowBatch {
    /// The scaled latents of the images, `[batch, in_channels, height, width]`.
    pub latents: Tensor<4>,
    /// Standard normal noise of the same shape.
    pub noise: Tensor<4>,
    /// The time of each image, from 0, noise, to 1, image.
    pub times: Vec<f64>,
    /// The text features, `[batch, seq, text_feat_dim]`.
    pub text: Tensor<3>,
    /// The scaled latents of the first reference of every image, of the second and so on:
    /// `[batch, in_channels, height, width]` each.
    pub references: Vec<Tensor<4>>,
}

impl Dit {
    /// The mean of `(v − (latent − noise))²` over all numbers of a batch, where `v` is the velocity at
    /// `t · latent + (1 − t) · noise` (flow matching, arXiv 2210.02747): `[1]`.
    ///
    /// # Errors
    /// As [`canvas`](Self::canvas).
    ///
    /// # Panics
    /// If the parts of the batch are not of the same number of images.
    pub fn flow_loss(&self, batch: FlowBatch) -> Result<Tensor<1>, DitError> {
        let target = batch.latents.clone() - batch.noise.clone();
        Ok((self.flow_velocity(batch)? - target).square().mean())
    }

    /// The velocity of every image of a batch, each at its own time.
    ///
    /// # Shapes
    /// - output: `[batch, in_channels, height, width]`
    ///
    /// # Errors
    /// As [`canvas`](Self::canvas).
    ///
    /// # Panics
    /// If the parts of the batch are not of the same number of images.
    pub fn flow_velocity(&self, batch: FlowBatch) -> Result<Tensor<4>, DitError> {
        let FlowBatch { latents, noise, times, text, references } = batch;
        let [images, _, height, width] = latents.dims();
        assert_eq!([times.len(), text.dims()[0]], [images; 2], "times and texts are of other images");
        let t: Vec<f32> = times.iter().map(|&t| t as f32).collect();
        let t = Tensor::<1>::from_data(TensorData::from(t.as_slice()), &latents.device());
        let t = t.reshape([images, 1, 1, 1]);
        let x = noise.clone() + (latents - noise) * t;
        let canvas = self.canvas(Grid::new(height, width), &references)?;
        let context = self.prepare(text, &canvas);
        let step = self.at_times(x, &times, &canvas);
        Ok(self.velocity(&step, &context))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Distribution;

    use super::*;
    use crate::config::DitConfig;

    /// A batch and each of its images alone are the same sums in another order.
    const TOLERANCE: f32 = 1e-5;

    fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
    }

    fn batch(device: &Device) -> FlowBatch {
        FlowBatch {
            latents: random([3, 4, 4, 6], device),
            noise: random([3, 4, 4, 6], device),
            times: vec![0.1, 0.5, 0.9],
            text: random([3, 5, 16], device),
            references: vec![random([3, 4, 2, 2], device)],
        }
    }

    #[test]
    fn a_batch_is_its_images() {
        let device = Device::flex();
        let dit = DitConfig::tiny().init(&device);
        let all = batch(&device);
        let together = dit.flow_velocity(all.clone()).unwrap();
        for image in 0..3 {
            let one = FlowBatch {
                latents: all.latents.clone().narrow(0, image, 1),
                noise: all.noise.clone().narrow(0, image, 1),
                times: vec![all.times[image]],
                text: all.text.clone().narrow(0, image, 1),
                references: all.references.iter().map(|r| r.clone().narrow(0, image, 1)).collect(),
            };
            let alone = dit.flow_velocity(one).unwrap();
            let difference = (together.clone().narrow(0, image, 1) - alone).abs().max();
            assert!(difference.into_scalar::<f32>() < TOLERANCE);
        }
    }

    #[test]
    fn the_loss_is_the_distance_to_the_straight_way() {
        let device = Device::flex();
        let dit = DitConfig::tiny().init(&device);
        let batch = batch(&device);
        let velocity = dit.flow_velocity(batch.clone()).unwrap();
        let found = dit.flow_loss(batch.clone()).unwrap().into_scalar::<f32>();
        let expected = (velocity + batch.noise - batch.latents).square().mean().into_scalar::<f32>();
        assert!((found - expected).abs() < TOLERANCE);
    }
}
