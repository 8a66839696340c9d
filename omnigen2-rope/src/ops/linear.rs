use burn::module::Param;
use burn::nn::Initializer;
use burn::prelude::*;

use super::Weight;

/// An affine map whose [`Weight`] rests as checkpoints have it: `[output, input]`, in the file's own type.
///
/// ```
/// use burn::prelude::*;
/// use omnigen2_rope::ops::Linear;
///
/// let device = Device::flex();
/// let linear = Linear::with_bias(8, 3, &device);
/// assert_eq!(linear.forward(Tensor::<3>::zeros([1, 5, 8], &device)).dims(), [1, 5, 3]);
/// ```
#[derive(Module, Debug)]
pub struct Linear {
    /// `[output, input]`.
    pub weight: Weight,
    /// `[output]`.
    pub bias: Option<Param<Tensor<1>>>,
}

impl Linear {
    /// A map without bias, with random weights once they are asked for.
    pub fn new(input: usize, output: usize, device: &Device) -> Self {
        Self { weight: Weight::uniform(input, output, device), bias: None }
    }

    /// A map with bias, with random weights once they are asked for.
    pub fn with_bias(input: usize, output: usize, device: &Device) -> Self {
        let bound = (input.max(1) as f64).powf(-0.5);
        let uniform = Initializer::Uniform { min: -bound, max: bound };
        let bias = uniform.init_with([output], Some(input), Some(output), device);
        Self { bias: Some(bias), ..Self::new(input, output, device) }
    }

    /// Returns `x · weightᵀ + bias`.
    ///
    /// # Shapes
    /// - x: `[.., input]`
    /// - output: `[.., output]`, of the type of `x`
    ///
    /// # Panics
    /// If the last axis is not `input`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let y = self.weight.project(x);
        match &self.bias {
            Some(bias) => {
                let bias = bias.val().cast(y.dtype());
                y + bias.unsqueeze()
            }
            None => y,
        }
    }
}
