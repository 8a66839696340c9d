use burn::prelude::*;

use crate::conv::Conv;
use crate::norm::GroupNorm;
use crate::tile::Tile;

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
    pub(crate) fn forward(&self, x: Tensor<4>, tile: Tile) -> Tensor<4> {
        let hidden = self.conv1.over(&self.norm1.silu(x.clone(), tile), tile);
        let base = self.shortcut(x, tile);
        self.conv2.onto(base, &self.norm2.silu(hidden, tile), tile)
    }

    fn shortcut(&self, x: Tensor<4>, tile: Tile) -> Tensor<4> {
        match &self.conv_shortcut {
            Some(conv) => conv.over(&x, tile),
            None => x,
        }
    }
}
