use burn::prelude::*;

use crate::VaeConfig;
use crate::conv::Conv;
use crate::mid::MidBlock;
use crate::norm::GroupNorm;
use crate::resample::Upsample;
use crate::resnet::Resnet;
use crate::tile::Pass;

/// From an unscaled latent to its image.
#[derive(Module, Debug)]
pub(crate) struct Decoder {
    conv_in: Conv,
    mid_block: MidBlock,
    up_blocks: Vec<UpBlock>,
    conv_norm_out: GroupNorm,
    conv_out: Conv,
}

#[derive(Module, Debug)]
struct UpBlock {
    resnets: Vec<Resnet>,
    /// One, or none at the last level.
    upsamplers: Vec<Upsample>,
}

impl Decoder {
    pub(crate) fn new(config: &VaeConfig, device: &Device) -> Self {
        let levels = &config.block_out_channels;
        let (first, last) = (levels[0], levels[levels.len() - 1]);
        let inputs = std::iter::once(&last).chain(levels.iter().rev());
        let sampled = (0..levels.len()).map(|level| level + 1 < levels.len());
        Self {
            conv_in: Conv::same(config.latent_channels, last, device),
            mid_block: MidBlock::new(config, last, device),
            up_blocks: inputs
                .zip(levels.iter().rev())
                .zip(sampled)
                .map(|((&input, &output), sampled)| UpBlock {
                    resnets: (0..=config.layers_per_block)
                        .map(|i| if i == 0 { input } else { output })
                        .map(|input| Resnet::new(config.norm_num_groups, input, output, device))
                        .collect(),
                    upsamplers: sampled.then(|| Upsample::new(output, device)).into_iter().collect(),
                })
                .collect(),
            conv_norm_out: GroupNorm::new(config.norm_num_groups, first, device),
            conv_out: Conv::same(first, config.out_channels, device),
        }
    }

    /// # Shapes
    /// - latent: `[batch, latent_channels, height, width]`
    /// - output: `[batch, out_channels, downscale · height, downscale · width]`
    pub(crate) fn forward(&self, latent: Tensor<4>, pass: &Pass) -> Tensor<4> {
        let x = self.conv_in.over(&latent, pass);
        let x = self.mid_block.forward(x, pass);
        let x = self.up_blocks.iter().fold(x, |x, block| block.forward(x, pass));
        self.conv_out.over(&self.conv_norm_out.silu(x, pass.tile), pass)
    }
}

impl UpBlock {
    fn forward(&self, x: Tensor<4>, pass: &Pass) -> Tensor<4> {
        let x = self.resnets.iter().fold(x, |x, resnet| resnet.forward(x, pass));
        self.upsamplers.iter().fold(x, |x, upsample| upsample.forward(x, pass))
    }
}
