use burn::module::{Param, Reparameterization};
use burn::prelude::*;
use burn::tensor::DType;

use super::project;

/// A change of low rank to a weight that stays as it is: `weight + scale · up · down` (LoRA, arXiv 2106.09685).
///
/// Put on a [`Linear`](super::Linear)'s weight it is a way of its own beside the weight, and the sum is never formed;
/// [`Module::materialize`] forms it for good.
#[derive(Module, Debug)]
pub struct LowRank {
    /// `[rank, input]`.
    pub down: Param<Tensor<2>>,
    /// `[output, rank]`.
    pub up: Param<Tensor<2>>,
    /// `[1]`, which does not learn.
    pub scale: Param<Tensor<1>>,
}

impl LowRank {
    /// A change whose two factors learn.
    ///
    /// # Shapes
    /// - down: `[rank, input]`
    /// - up: `[output, rank]`
    pub fn new(down: Tensor<2>, up: Tensor<2>, scale: f64) -> Self {
        let scale = Tensor::from_data(TensorData::from([scale as f32]), (&down.device(), DType::F32));
        Self {
            down: Param::from_tensor(down),
            up: Param::from_tensor(up),
            scale: Param::from_tensor(scale).set_require_grad(false),
        }
    }

    /// Computes what the adapter adds to the output of the map that it changes.
    ///
    /// # Shapes
    /// - x: `[.., input]`
    /// - output: `[.., output]`, of the type of `x`
    ///
    /// # Panics
    /// If the last axis is not `input`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let inner = project(x, self.down.val());
        let scale = self.scale.val().cast(inner.dtype());
        project(inner * scale.unsqueeze(), self.up.val())
    }

    /// Computes what the adapter adds to the weight, in F32: `[output, input]`.
    pub fn delta(&self) -> Tensor<2> {
        let down = self.down.val().cast(DType::F32) * self.scale.val().unsqueeze();
        self.up.val().cast(DType::F32).matmul(down)
    }
}

impl Reparameterization for LowRank {
    const NAME: &'static str = "lora";

    /// The sum, computed in F32, in the type of the weight.
    fn apply<const D: usize>(&self, base: Tensor<D>) -> Tensor<D> {
        let dtype = base.dtype();
        let delta = self.delta().reshape(base.shape());
        (base.cast(DType::F32) + delta).cast(dtype)
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Reparameterizer;
    use burn::tensor::Distribution;

    use super::*;
    use crate::ops::Linear;

    /// The same F32 sums in another order.
    const TOLERANCE: f32 = 1e-5;

    fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
    }

    struct Attach(LowRank);

    impl Reparameterizer for Attach {
        type Reparam = LowRank;

        fn reparameterize<const D: usize>(
            &mut self,
            _path: &str,
            parameter: Param<Tensor<D>>,
        ) -> (Param<Tensor<D>>, Option<LowRank>) {
            (parameter.set_require_grad(false), (D == 2).then(|| self.0.clone()))
        }
    }

    fn adapted(device: &Device) -> Linear {
        let low_rank = LowRank::new(random([2, 8], device), random([5, 2], device), 0.5);
        Linear::with_bias(8, 5, device).apply_reparameterization(Attach(low_rank))
    }

    fn difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
        (a - b).abs().max().into_scalar::<f32>()
    }

    #[test]
    fn beside_the_weight_is_as_in_it() {
        let device = Device::flex();
        let apart = adapted(&device);
        let merged = apart.clone().materialize();
        assert!(merged.weight.low_rank().is_none());
        let x = random([3, 7, 8], &device);
        assert!(difference(apart.forward(x.clone()), merged.forward(x.clone())) < TOLERANCE);
        let changed = difference(merged.weight.val(), apart.weight.base());
        assert!(changed > TOLERANCE, "{changed}");
    }

    #[cfg(feature = "train")]
    #[test]
    fn only_the_factors_learn() {
        let device = Device::flex().autodiff();
        let linear = adapted(&device);
        let gradients = linear.forward(random([3, 8], &device)).square().sum().backward();
        let low_rank = linear.weight.low_rank().unwrap();
        assert!(linear.weight.base().grad(&gradients).is_none());
        assert!(linear.bias.as_ref().unwrap().val().grad(&gradients).is_none());
        assert!(low_rank.scale.val().grad(&gradients).is_none());
        for factor in [&low_rank.down, &low_rank.up] {
            assert!(factor.val().grad(&gradients).unwrap().abs().sum().into_scalar::<f32>() > 0.0);
        }
    }
}
