use burn::prelude::*;
use omnigen2_rope::ops::{Linear, silu_gate};

use crate::config::DitConfig;

/// A SwiGLU feed-forward: `linear_2(silu(linear_1 x) · linear_3 x)`.
#[derive(Module, Debug)]
pub struct FeedForward {
    linear_1: Linear,
    linear_2: Linear,
    linear_3: Linear,
}

impl FeedForward {
    pub(crate) fn new(config: &DitConfig, device: &Device) -> Self {
        let (width, inner) = (config.hidden_size, config.feed_forward_width());
        Self {
            linear_1: Linear::new(width, inner, device),
            linear_2: Linear::new(inner, width, device),
            linear_3: Linear::new(width, inner, device),
        }
    }

    /// Runs the feed-forward.
    ///
    /// # Shapes
    /// - x: `[batch, seq, width]`
    /// - output: the same
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let gate = self.linear_1.forward(x.clone());
        self.linear_2.forward(silu_gate(gate, self.linear_3.forward(x)))
    }
}
