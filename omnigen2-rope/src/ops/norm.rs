use burn::module::Param;
use burn::nn::Initializer;
use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_kernels::{self as kernels, recorded};

/// Root-mean-square normalisation with a learned scale (arXiv 1910.07467).
///
/// ```
/// use burn::prelude::*;
/// use omnigen2_rope::ops::RmsNorm;
///
/// let device = Device::flex();
/// let y = RmsNorm::new(2, 0.0, &device).forward(Tensor::<2>::from_floats([[3.0, 3.0]], &device));
/// assert_eq!(y.into_data().try_into_vec::<f32>().unwrap(), [1.0, 1.0]);
/// ```
#[derive(Module, Debug)]
pub struct RmsNorm {
    /// `[channels]`.
    pub weight: Param<Tensor<1>>,
    /// Added to the mean square.
    pub epsilon: f64,
}

impl RmsNorm {
    /// A normalisation of `channels` channels with scale 1.
    pub fn new(channels: usize, epsilon: f64, device: &Device) -> Self {
        Self { weight: Initializer::Ones.init([channels], device), epsilon }
    }

    /// Normalises the last axis, in F32.
    ///
    /// # Shapes
    /// - x: `[.., channels]`
    /// - output: the same, of the type of `x`
    ///
    /// # Panics
    /// If the last axis is not `channels`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        self.scale_by(x, self.weight.val().cast(DType::F32).unsqueeze())
    }

    /// `forward(x) · scale`, in F32.
    ///
    /// # Shapes
    /// - x: `[batch, seq, channels]`
    /// - scale: `[batch or 1, 1, channels]`
    /// - output: as `x`, of its type
    ///
    /// # Panics
    /// If the last axis is not `channels`.
    pub fn forward_scaled(&self, x: Tensor<3>, scale: Tensor<3>) -> Tensor<3> {
        let weight = self.weight.val().cast(DType::F32).unsqueeze();
        self.scale_by(x, scale.cast(DType::F32) * weight)
    }

    /// `scale` has one row for each image of the first axis, or one for all.
    fn scale_by<const D: usize>(&self, x: Tensor<D>, scale: Tensor<D>) -> Tensor<D> {
        if let Some(normalised) = recorded::rms_norm(&x, &scale, self.epsilon) {
            return normalised;
        }
        let x = match kernels::rms_norm(x, &scale, self.epsilon) {
            Ok(normalised) => return normalised,
            Err(x) => x,
        };
        let dtype = x.dtype();
        let x = x.cast(DType::F32);
        let mean_square = x.clone().square().mean_dim(D - 1);
        (x * (mean_square + self.epsilon).sqrt().recip() * scale).cast(dtype)
    }
}

/// Layer normalisation of the last axis without learned parameters, in F32.
///
/// # Shapes
/// - x: `[.., channels]`
/// - output: the same, of the type of `x`
pub fn layer_norm<const D: usize>(x: Tensor<D>, epsilon: f64) -> Tensor<D> {
    let dtype = x.dtype();
    let x = x.cast(DType::F32);
    let centred = x.clone() - x.mean_dim(D - 1);
    let variance = centred.clone().square().mean_dim(D - 1);
    (centred * (variance + epsilon).sqrt().recip()).cast(dtype)
}
