use burn::prelude::*;
use burn::tensor::activation::gelu;
use omnigen2_rope::ops::{Linear, RmsNorm};

use crate::config::{EPSILON, VitConfig};

/// Joins the patches of a merge block into one feature of the language model's width.
#[derive(Module, Debug)]
pub(crate) struct Merger {
    ln_q: RmsNorm,
    hidden: Linear,
    output: Linear,
}

impl Merger {
    pub(crate) fn new(config: &VitConfig, device: &Device) -> Self {
        let width = config.hidden_size * config.merged();
        Self {
            ln_q: RmsNorm::new(config.hidden_size, EPSILON, device),
            hidden: Linear::with_bias(width, width, device),
            output: Linear::with_bias(width, config.out_hidden_size, device),
        }
    }

    /// `[batch, patches, hidden]` → `[batch, merged tokens, out_hidden]`.
    pub(crate) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, patches, width] = x.dims();
        let merged_width = self.hidden.weight.shape()[1];
        let blocks = self.ln_q.forward(x).reshape([batch, patches * width / merged_width, merged_width]);
        self.output.forward(gelu(self.hidden.forward(blocks)))
    }
}
