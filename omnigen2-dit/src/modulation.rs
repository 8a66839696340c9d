use burn::prelude::*;
use burn::tensor::activation::silu;
use omnigen2_rope::ops::{Linear, RmsNorm, layer_norm};

use crate::config::DitConfig;

/// The modulation of one block by the time, the same for every token and every guidance branch.
///
/// # Shapes
/// Each is `[batch or 1, 1, width]`.
#[derive(Clone, Debug)]
pub struct Modulated {
    /// `1 + scale` of the attention's input.
    pub attention_scale: Tensor<3>,
    /// `tanh(gate)` of the attention's output.
    pub attention_gate: Tensor<3>,
    /// `1 + scale` of the feed-forward's input.
    pub feed_forward_scale: Tensor<3>,
    /// `tanh(gate)` of the feed-forward's output.
    pub feed_forward_gate: Tensor<3>,
}

/// A block's first normalisation with the map from the time embedding to its modulation.
#[derive(Module, Debug)]
pub struct ModulatedNorm {
    linear: Linear,
    norm: RmsNorm,
}

impl ModulatedNorm {
    pub(crate) fn new(config: &DitConfig, device: &Device) -> Self {
        Self {
            linear: Linear::with_bias(config.time_width(), 4 * config.hidden_size, device),
            norm: RmsNorm::new(config.hidden_size, config.norm_eps, device),
        }
    }

    /// # Shapes
    /// - time: `[batch or 1, time_width]`, the time embedding after its SiLU
    pub(crate) fn modulate(&self, time: Tensor<2>) -> Modulated {
        let values = self.linear.forward(time).unsqueeze_dim::<3>(1);
        let width = values.dims()[2] / 4;
        let part = |i| values.clone().narrow(2, i * width, width);
        Modulated {
            attention_scale: part(0) + 1.0,
            attention_gate: part(1).tanh(),
            feed_forward_scale: part(2) + 1.0,
            feed_forward_gate: part(3).tanh(),
        }
    }

    /// `norm(x) · scale`.
    pub(crate) fn forward(&self, x: Tensor<3>, scale: Tensor<3>) -> Tensor<3> {
        self.norm.forward_scaled(x, scale)
    }
}

/// The last normalisation, modulated by the time, and the map to the numbers of a patch.
#[derive(Module, Debug)]
pub struct NormOut {
    linear_1: Linear,
    linear_2: Linear,
}

/// The reference's layer normalisation has its own epsilon, whatever `norm_eps` is.
const EPSILON: f64 = 1e-6;

impl NormOut {
    pub(crate) fn new(config: &DitConfig, device: &Device) -> Self {
        Self {
            linear_1: Linear::with_bias(config.time_width(), config.hidden_size, device),
            linear_2: Linear::with_bias(config.hidden_size, config.patch_width(), device),
        }
    }

    /// # Shapes
    /// - time: `[batch or 1, time_width]`, the time embedding after its SiLU
    /// - output: `1 + scale`, `[batch or 1, 1, width]`
    pub(crate) fn modulate(&self, time: Tensor<2>) -> Tensor<3> {
        self.linear_1.forward(time).unsqueeze_dim::<3>(1) + 1.0
    }

    /// # Shapes
    /// - x: `[batch, seq, width]`
    /// - output: `[batch, seq, patch_width]`
    pub(crate) fn forward(&self, x: Tensor<3>, scale: Tensor<3>) -> Tensor<3> {
        self.linear_2.forward(layer_norm(x, EPSILON) * scale)
    }
}

/// All modulations start from the same activation of the time embedding.
pub(crate) fn activate(time: Tensor<2>) -> Tensor<2> {
    silu(time)
}
