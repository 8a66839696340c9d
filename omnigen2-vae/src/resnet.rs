use burn::prelude::*;

use crate::conv::Conv;
use crate::norm::GroupNorm;
use crate::tile::Pass;

/// Two convolutions, each after group normalisation and SiLU, added onto the input.
#[derive(Module, Debug)]
pub(crate) struct Resnet {
    norm1: GroupNorm,
    conv1: Conv,
    norm2: GroupNorm,
    conv2: Conv,
    /// 1×1, where the number of channels changes.
    conv_shortcut: Option<Conv>,
}

impl Resnet {
    pub(crate) fn new(groups: usize, input: usize, output: usize, device: &Device) -> Self {
        Self {
            norm1: GroupNorm::new(groups, input, device),
            conv1: Conv::same(input, output, device),
            norm2: GroupNorm::new(groups, output, device),
            conv2: Conv::same(output, output, device),
            conv_shortcut: (input != output).then(|| Conv::pointwise(input, output, device)),
        }
    }

    /// # Shapes
    /// - x: `[batch, input, height, width]`
    /// - output: `[batch, output, height, width]`
    pub(crate) fn forward(&self, x: Tensor<4>, pass: &Pass) -> Tensor<4> {
        let hidden = self.conv1.over(&self.norm1.silu(x.clone(), pass.tile), pass);
        let base = self.shortcut(x, pass);
        self.conv2.onto(base, &self.norm2.silu(hidden, pass.tile), pass)
    }

    fn shortcut(&self, x: Tensor<4>, pass: &Pass) -> Tensor<4> {
        match &self.conv_shortcut {
            Some(conv) => conv.within(x, pass),
            None => x,
        }
    }
}
