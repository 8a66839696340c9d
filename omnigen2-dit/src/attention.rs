use burn::prelude::*;
use omnigen2_rope::ops::{Linear, RmsNorm};
use omnigen2_rope::{AttentionMask, Rotation, attend, merge_heads, split_heads};

use crate::config::DitConfig;

/// Of the norms of queries and keys, whatever `norm_eps` a configuration has for all others.
const HEAD_EPSILON: f64 = 1e-5;

/// Self-attention with normalised, rotated queries and keys and shared key and value heads.
#[derive(Module, Debug)]
pub struct Attention {
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
    norm_q: RmsNorm,
    norm_k: RmsNorm,
    heads: usize,
    kv_heads: usize,
}

impl Attention {
    pub(crate) fn new(config: &DitConfig, device: &Device) -> Self {
        let (width, head_dim) = (config.hidden_size, config.head_dim());
        let kv_width = config.num_kv_heads * head_dim;
        Self {
            to_q: Linear::new(width, width, device),
            to_k: Linear::new(width, kv_width, device),
            to_v: Linear::new(width, kv_width, device),
            to_out: Linear::new(width, width, device),
            norm_q: RmsNorm::new(head_dim, HEAD_EPSILON, device),
            norm_k: RmsNorm::new(head_dim, HEAD_EPSILON, device),
            heads: config.num_attention_heads,
            kv_heads: config.num_kv_heads,
        }
    }

    /// Attends among all tokens.
    ///
    /// # Shapes
    /// - x: `[batch, seq, width]`
    /// - rotation: of `seq` tokens
    /// - output: `[batch, seq, width]`
    pub fn forward(&self, x: Tensor<3>, rotation: &Rotation) -> Tensor<3> {
        let queries = normalised_heads(&self.norm_q, self.to_q.forward(x.clone()), self.heads);
        let keys = normalised_heads(&self.norm_k, self.to_k.forward(x.clone()), self.kv_heads);
        let values = split_heads(self.to_v.forward(x), self.kv_heads);
        let attended = attend(rotation.apply(queries), rotation.apply(keys), values, &AttentionMask::None);
        self.to_out.forward(merge_heads(attended))
    }
}

/// `[batch, seq, heads · head_dim]` → `[batch, heads, seq, head_dim]`, normalised while a token's heads still lie
/// together.
fn normalised_heads(norm: &RmsNorm, x: Tensor<3>, heads: usize) -> Tensor<4> {
    let [batch, seq, width] = x.dims();
    norm.forward(x.reshape([batch, seq, heads, width / heads])).swap_dims(1, 2)
}
