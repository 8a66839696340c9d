use burn::prelude::*;
use omnigen2_rope::ops::{Linear, RmsNorm, silu_gate};
use omnigen2_rope::{AttentionMask, Rotation, attend, merge_heads, split_heads};

use crate::config::{EPSILON, VitConfig};
use crate::window::Group;

/// Attention inside windows, then a gated feed-forward, each after a normalisation and added to its input.
#[derive(Module, Debug)]
pub(crate) struct Block {
    norm1: RmsNorm,
    attn: Attention,
    norm2: RmsNorm,
    mlp: Mlp,
}

impl Block {
    pub(crate) fn new(config: &VitConfig, device: &Device) -> Self {
        Self {
            norm1: RmsNorm::new(config.hidden_size, EPSILON, device),
            attn: Attention::new(config, device),
            norm2: RmsNorm::new(config.hidden_size, EPSILON, device),
            mlp: Mlp::new(config, device),
        }
    }

    /// `[batch, patches, hidden]` → the same.
    pub(crate) fn forward(&self, x: Tensor<3>, rotation: &Rotation, groups: &[Group]) -> Tensor<3> {
        let attended = self.attn.forward(self.norm1.forward(x.clone()), rotation, groups);
        let x = x + attended;
        let fed = self.mlp.forward(self.norm2.forward(x.clone()));
        x + fed
    }
}

#[derive(Module, Debug)]
struct Attention {
    qkv: Linear,
    proj: Linear,
    heads: usize,
}

impl Attention {
    fn new(config: &VitConfig, device: &Device) -> Self {
        let width = config.hidden_size;
        Self {
            qkv: Linear::with_bias(width, 3 * width, device),
            proj: Linear::with_bias(width, width, device),
            heads: config.num_heads,
        }
    }

    fn forward(&self, x: Tensor<3>, rotation: &Rotation, groups: &[Group]) -> Tensor<3> {
        let width = x.dims()[2];
        let qkv = self.qkv.forward(x);
        let third = |index: usize| split_heads(qkv.clone().narrow(2, index * width, width), self.heads);
        let (queries, keys, values) = (rotation.apply(third(0)), rotation.apply(third(1)), third(2));
        let mut start = 0;
        let attended = groups.iter().map(|group| {
            let part = |x: &Tensor<4>| group.part(x, start);
            let out = attend(part(&queries), part(&keys), part(&values), &AttentionMask::None);
            start += group.windows * group.patches;
            group.join(out, self.heads)
        });
        self.proj.forward(merge_heads(Tensor::cat(attended.collect(), 2)))
    }
}

// Batch and heads are alike to attention: images and heads stand on the first axis and windows on the second, so that
// cutting and joining windows of one image moves nothing.
impl Group {
    /// `[batch, heads, patches, head_dim]` → `[batch · heads, windows, patches, head_dim]`.
    fn part(&self, x: &Tensor<4>, start: usize) -> Tensor<4> {
        let [batch, heads, _, head_dim] = x.dims();
        x.clone().narrow(2, start, self.windows * self.patches).reshape([
            batch * heads,
            self.windows,
            self.patches,
            head_dim,
        ])
    }

    /// Undoes [`part`](Self::part).
    fn join(&self, x: Tensor<4>, heads: usize) -> Tensor<4> {
        let [rows, windows, patches, head_dim] = x.dims();
        x.reshape([rows / heads, heads, windows * patches, head_dim])
    }
}

#[derive(Module, Debug)]
struct Mlp {
    gate_proj: Linear,
    up_proj: Linear,
    down_proj: Linear,
}

impl Mlp {
    fn new(config: &VitConfig, device: &Device) -> Self {
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        Self {
            gate_proj: Linear::with_bias(width, inner, device),
            up_proj: Linear::with_bias(width, inner, device),
            down_proj: Linear::with_bias(inner, width, device),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let gate = self.gate_proj.forward(x.clone());
        self.down_proj.forward(silu_gate(gate, self.up_proj.forward(x)))
    }
}
