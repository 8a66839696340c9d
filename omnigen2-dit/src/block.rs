use burn::prelude::*;
use omnigen2_rope::Rotation;
use omnigen2_rope::ops::RmsNorm;

use crate::attention::Attention;
use crate::config::DitConfig;
use crate::feed_forward::FeedForward;
use crate::modulation::{Modulated, ModulatedNorm};

/// A block that the time modulates: image tokens and the joint sequence.
#[derive(Module, Debug)]
pub struct ModulatedBlock {
    norm1: ModulatedNorm,
    attn: Attention,
    norm2: RmsNorm,
    ffn_norm1: RmsNorm,
    feed_forward: FeedForward,
    ffn_norm2: RmsNorm,
}

impl ModulatedBlock {
    pub(crate) fn new(config: &DitConfig, device: &Device) -> Self {
        let norm = || RmsNorm::new(config.hidden_size, config.norm_eps, device);
        Self {
            norm1: ModulatedNorm::new(config, device),
            attn: Attention::new(config, device),
            norm2: norm(),
            ffn_norm1: norm(),
            feed_forward: FeedForward::new(config, device),
            ffn_norm2: norm(),
        }
    }

    /// The modulation of this block by the time.
    ///
    /// # Shapes
    /// - time: `[batch or 1, time_width]`, the time embedding after its SiLU
    pub fn modulate(&self, time: Tensor<2>) -> Modulated {
        self.norm1.modulate(time)
    }

    /// The attention's input: `norm1(x) · (1 + scale)`.
    ///
    /// # Shapes
    /// - x and output: `[batch, seq, width]`
    pub fn attention_input(&self, x: Tensor<3>, modulated: &Modulated) -> Tensor<3> {
        self.norm1.forward(x, modulated.attention_scale.clone())
    }

    /// Runs the block.
    ///
    /// # Shapes
    /// - x: `[batch, seq, width]`
    /// - rotation: of `seq` tokens
    /// - output: `[batch, seq, width]`
    pub fn forward(&self, x: Tensor<3>, modulated: &Modulated, rotation: &Rotation) -> Tensor<3> {
        let attended = self.attn.forward(self.attention_input(x.clone(), modulated), rotation);
        let x = x + self.norm2.forward_scaled(attended, modulated.attention_gate.clone());
        let input = self.ffn_norm1.forward_scaled(x.clone(), modulated.feed_forward_scale.clone());
        let fed = self.feed_forward.forward(input);
        x + self.ffn_norm2.forward_scaled(fed, modulated.feed_forward_gate.clone())
    }
}

/// A block that knows no time: text tokens before they meet the image.
#[derive(Module, Debug)]
pub struct PlainBlock {
    norm1: RmsNorm,
    attn: Attention,
    norm2: RmsNorm,
    ffn_norm1: RmsNorm,
    feed_forward: FeedForward,
    ffn_norm2: RmsNorm,
}

impl PlainBlock {
    pub(crate) fn new(config: &DitConfig, device: &Device) -> Self {
        let norm = || RmsNorm::new(config.hidden_size, config.norm_eps, device);
        Self {
            norm1: norm(),
            attn: Attention::new(config, device),
            norm2: norm(),
            ffn_norm1: norm(),
            feed_forward: FeedForward::new(config, device),
            ffn_norm2: norm(),
        }
    }

    /// Runs the block.
    ///
    /// # Shapes
    /// - x: `[batch, seq, width]`
    /// - rotation: of `seq` tokens
    /// - output: `[batch, seq, width]`
    pub fn forward(&self, x: Tensor<3>, rotation: &Rotation) -> Tensor<3> {
        let attended = self.attn.forward(self.norm1.forward(x.clone()), rotation);
        let x = x + self.norm2.forward(attended);
        let fed = self.feed_forward.forward(self.ffn_norm1.forward(x.clone()));
        x + self.ffn_norm2.forward(fed)
    }
}
