use burn::module::Param;
use burn::nn::Initializer;
use burn::prelude::*;

use super::LowRank;
use crate::cpu;

/// An affine map whose weight rests as checkpoints have it: `[output, input]`, in the file's own type. A [`LowRank`]
/// that is put on the weight is computed beside it.
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
    pub weight: Param<Tensor<2>>,
    /// `[output]`.
    pub bias: Option<Param<Tensor<1>>>,
}

impl Linear {
    /// A map without bias, with random weights once they are asked for.
    pub fn new(input: usize, output: usize, device: &Device) -> Self {
        Self {
            weight: uniform(input).init_with([output, input], Some(input), Some(output), device),
            bias: None,
        }
    }

    /// A map with bias, with random weights once they are asked for.
    pub fn with_bias(input: usize, output: usize, device: &Device) -> Self {
        let bias = uniform(input).init_with([output], Some(input), Some(output), device);
        Self { bias: Some(bias), ..Self::new(input, output, device) }
    }

    /// # Shapes
    /// - x: `[.., input]`
    /// - output: `[.., output]`, of the type of `x`
    ///
    /// # Panics
    /// If the last axis is not `input`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let y = match self.weight.reparameterization::<LowRank>() {
            Some(low_rank) => project(x.clone(), self.weight.base()) + low_rank.forward(x),
            None => project(x, self.weight.val()),
        };
        match &self.bias {
            Some(bias) => {
                let bias = bias.val().cast(y.dtype());
                y + bias.unsqueeze()
            }
            None => y,
        }
    }
}

fn uniform(fan_in: usize) -> Initializer {
    let bound = (fan_in.max(1) as f64).powf(-0.5);
    Initializer::Uniform { min: -bound, max: bound }
}

/// `x · weightᵀ`: the weight may rest in another type than `x`, and is widened for this product alone.
///
/// # Shapes
/// - x: `[.., input]`
/// - weight: `[output, input]`
/// - output: `[.., output]`, of the type of `x`
///
/// # Panics
/// If the last axis of `x` is not `input`.
pub fn project<const D: usize>(x: Tensor<D>, weight: Tensor<2>) -> Tensor<D> {
    let mut dims = x.dims();
    let [output, input] = weight.dims();
    assert_eq!(dims[D - 1], input, "a weight of [{output}, {input}] meets channels of another number");
    let rows = dims[..D - 1].iter().product::<usize>();
    let x = x.reshape([rows, input]);
    let y = cpu::project(&x, &weight).unwrap_or_else(|| multiply(x, weight));
    dims[D - 1] = output;
    y.reshape(dims)
}

// Two axes keep the transposed weight a view; with more, burn copies it at every call.
fn multiply(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    let weight = weight.cast(x.dtype()).transpose();
    x.matmul(weight)
}
