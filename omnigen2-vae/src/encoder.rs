use burn::prelude::*;

use crate::VaeConfig;
use crate::conv::Conv;
use crate::mid::MidBlock;
use crate::norm::GroupNorm;
use crate::resample::Downsample;
use crate::resnet::Resnet;
use crate::tile::Pass;

/// From an image to the moments of its latent.
#[derive(Module, Debug)]
pub(crate) struct Encoder {
    conv_in: Conv,
    down_blocks: Vec<DownBlock>,
    mid_block: MidBlock,
    conv_norm_out: GroupNorm,
    conv_out: Conv,
}

#[derive(Module, Debug)]
struct DownBlock {
    resnets: Vec<Resnet>,
    /// One, or none at the last level.
    downsamplers: Vec<Downsample>,
}

impl Encoder {
    pub(crate) fn new(config: &VaeConfig, device: &Device) -> Self {
        let levels = &config.block_out_channels;
        let (first, last) = (levels[0], levels[levels.len() - 1]);
        let inputs = std::iter::once(&first).chain(levels);
        let sampled = (0..levels.len()).map(|level| level + 1 < levels.len());
        Self {
            conv_in: Conv::same(config.in_channels, first, device),
            down_blocks: inputs
                .zip(levels)
                .zip(sampled)
                .map(|((&input, &output), sampled)| DownBlock {
                    resnets: (0..config.layers_per_block)
                        .map(|i| if i == 0 { input } else { output })
                        .map(|input| Resnet::new(config.norm_num_groups, input, output, device))
                        .collect(),
                    downsamplers: sampled.then(|| Downsample::new(output, device)).into_iter().collect(),
                })
                .collect(),
            mid_block: MidBlock::new(config, last, device),
            conv_norm_out: GroupNorm::new(config.norm_num_groups, last, device),
            conv_out: Conv::same(last, 2 * config.latent_channels, device),
        }
    }

    /// # Shapes
    /// - image: `[batch, in_channels, height, width]`
    /// - output: `[batch, 2 latent_channels, height / downscale, width / downscale]`
    pub(crate) fn forward(&self, image: Tensor<4>, pass: &Pass) -> Tensor<4> {
        let x = self.conv_in.over(&image, pass);
        let x = self.down_blocks.iter().fold(x, |x, block| block.forward(x, pass));
        let x = self.mid_block.forward(x, pass);
        self.conv_out.over(&self.conv_norm_out.silu(x, pass.tile), pass)
    }
}

impl DownBlock {
    fn forward(&self, x: Tensor<4>, pass: &Pass) -> Tensor<4> {
        let x = self.resnets.iter().fold(x, |x, resnet| resnet.forward(x, pass));
        self.downsamplers.iter().fold(x, |x, downsample| downsample.forward(x, pass))
    }
}
