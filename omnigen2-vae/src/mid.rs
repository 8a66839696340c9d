use burn::prelude::*;

use crate::VaeConfig;
use crate::attention::Attention;
use crate::resnet::Resnet;
use crate::tile::Pass;

/// The coarsest level: attention between two residual blocks.
#[derive(Module, Debug)]
pub(crate) struct MidBlock {
    /// One, or none where the configuration has none.
    attentions: Vec<Attention>,
    resnets: [Resnet; 2],
}

impl MidBlock {
    pub(crate) fn new(config: &VaeConfig, channels: usize, device: &Device) -> Self {
        let groups = config.norm_num_groups;
        let attentions = usize::from(config.mid_block_add_attention);
        Self {
            attentions: (0..attentions).map(|_| Attention::new(groups, channels, device)).collect(),
            resnets: [(); 2].map(|()| Resnet::new(groups, channels, channels, device)),
        }
    }

    /// # Shapes
    /// - x and output: `[batch, channels, height, width]`
    pub(crate) fn forward(&self, x: Tensor<4>, pass: &Pass) -> Tensor<4> {
        let [first, last] = &self.resnets;
        let x = first.forward(x, pass);
        let x = self.attentions.iter().fold(x, |x, attention| attention.forward(x));
        last.forward(x, pass)
    }
}
