use burn::prelude::*;
use omnigen2_rope::ops::Linear;
use omnigen2_rope::{AttentionMask, Rotation, attend, merge_heads, split_heads};

use crate::cache::KeysValues;
use crate::config::MllmConfig;

/// The part of one pass over an input that all layers share.
pub(crate) struct Pass {
    pub(crate) rotation: Rotation,
    /// Without this mask, no token sees those after it.
    pub(crate) hidden_keys: Option<Tensor<4, Bool>>,
}

/// Causal attention with shared key and value heads (arXiv 2305.13245).
#[derive(Module, Debug)]
pub(crate) struct Attention {
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    o_proj: Linear,
    heads: usize,
    kv_heads: usize,
}

impl Attention {
    pub(crate) fn new(config: &MllmConfig, device: &Device) -> Self {
        let width = config.hidden_size;
        let kv_width = config.num_key_value_heads * config.head_dim();
        Self {
            q_proj: Linear::with_bias(width, width, device),
            k_proj: Linear::with_bias(width, kv_width, device),
            v_proj: Linear::with_bias(width, kv_width, device),
            o_proj: Linear::new(width, width, device),
            heads: config.num_attention_heads,
            kv_heads: config.num_key_value_heads,
        }
    }

    /// `[batch, seq, width]` → the same.
    pub(crate) fn forward(
        &self,
        x: Tensor<3>,
        pass: &Pass,
        past: impl FnOnce(KeysValues) -> KeysValues,
    ) -> Tensor<3> {
        let rotation = &pass.rotation;
        let queries = rotation.apply(split_heads(self.q_proj.forward(x.clone()), self.heads));
        let keys = rotation.apply(split_heads(self.k_proj.forward(x.clone()), self.kv_heads));
        let values = split_heads(self.v_proj.forward(x), self.kv_heads);
        let KeysValues { keys, values } = past(KeysValues { keys, values });
        let attended = match &pass.hidden_keys {
            Some(hidden) => attend(queries, keys, values, &AttentionMask::Hidden(hidden.clone())),
            None => attend(queries, keys, values, &AttentionMask::Causal),
        };
        self.o_proj.forward(merge_heads(attended))
    }
}
