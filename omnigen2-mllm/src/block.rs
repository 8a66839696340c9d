use burn::prelude::*;
use omnigen2_rope::ops::{Linear, RmsNorm, silu_gate};

use crate::attention::{Attention, Pass};
use crate::cache::KeysValues;
use crate::config::MllmConfig;

/// Attention, then a gated feed-forward, each after a normalisation and added to its input.
#[derive(Module, Debug)]
pub(crate) struct Block {
    input_layernorm: RmsNorm,
    self_attn: Attention,
    post_attention_layernorm: RmsNorm,
    mlp: Mlp,
}

impl Block {
    pub(crate) fn new(config: &MllmConfig, device: &Device) -> Self {
        let norm = || RmsNorm::new(config.hidden_size, config.rms_norm_eps, device);
        Self {
            input_layernorm: norm(),
            self_attn: Attention::new(config, device),
            post_attention_layernorm: norm(),
            mlp: Mlp::new(config, device),
        }
    }

    /// `[batch, seq, width]` → the same. `past` puts earlier keys and values before the new ones.
    pub(crate) fn forward(
        &self,
        x: Tensor<3>,
        pass: &Pass,
        past: impl FnOnce(KeysValues) -> KeysValues,
    ) -> Tensor<3> {
        let input = self.input_layernorm.forward(x.clone());
        let attended = self.self_attn.forward(input, pass, past);
        let x = x + attended;
        let fed = self.mlp.forward(self.post_attention_layernorm.forward(x.clone()));
        x + fed
    }
}

#[derive(Module, Debug)]
struct Mlp {
    gate_proj: Linear,
    up_proj: Linear,
    down_proj: Linear,
}

impl Mlp {
    fn new(config: &MllmConfig, device: &Device) -> Self {
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        Self {
            gate_proj: Linear::new(width, inner, device),
            up_proj: Linear::new(width, inner, device),
            down_proj: Linear::new(inner, width, device),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let gate = self.gate_proj.forward(x.clone());
        self.down_proj.forward(silu_gate(gate, self.up_proj.forward(x)))
    }
}
