use burn::prelude::*;
use omnigen2_rope::Grid;

use crate::block::Block;
use crate::config::VitConfig;
use crate::merger::Merger;
use crate::patch::{PatchEmbed, Patches};
use crate::window::Windows;

/// The vision tower: patches of one image to features that the language model reads among its tokens
/// (Qwen2.5-VL, arXiv 2502.13923, section 2.1). Made by [`VitConfig::init`].
#[derive(Module, Debug)]
pub struct Vit {
    pub(crate) patch_embed: PatchEmbed,
    pub(crate) blocks: Vec<Block>,
    pub(crate) merger: Merger,
    #[module(skip)]
    pub(crate) config: VitConfig,
}

impl VitConfig {
    /// The network, with random weights once they are asked for; loading them first allocates nothing twice.
    ///
    /// # Panics
    /// If the configuration is not [valid](Self::validate).
    pub fn init(&self, device: &Device) -> Vit {
        let valid = self.validate();
        assert!(valid.is_ok(), "{valid:?}");
        Vit {
            patch_embed: PatchEmbed::new(self, device),
            blocks: (0..self.depth).map(|_| Block::new(self, device)).collect(),
            merger: Merger::new(self, device),
            config: self.clone(),
        }
    }
}

impl Vit {
    /// The features of one image, one for each merge block, row by row. Attention never crosses images, so that
    /// several of them are several calls.
    ///
    /// # Shapes
    /// - patches: `[patches, channels · time · patch · patch]`
    /// - output: `[merged tokens, out_hidden]`, of the type of the patches
    ///
    /// # Panics
    /// If the patches are not as many as their grid has, hold another number of pixels than the network's, or fill no
    /// whole merge blocks.
    pub fn forward(&self, patches: &Patches) -> Tensor<2> {
        let Patches { values, grid } = patches;
        self.forward_batch(values.clone().unsqueeze(), *grid).squeeze_dim(0)
    }

    /// The features of several images of one size, otherwise as [`forward`](Self::forward).
    ///
    /// # Shapes
    /// - values: [`Patches::values`] of every image, `[batch, patches, channels · time · patch · patch]`
    /// - grid: how the patches lie in each image
    /// - output: `[batch, merged tokens, out_hidden]`
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn forward_batch(&self, values: Tensor<3>, grid: Grid) -> Tensor<3> {
        assert_eq!(values.dims()[1], grid.cells(), "patches do not fit a grid of {grid:?}");
        let windows = Windows::new(&self.config, grid);
        let positions = windows.positions(&self.config, grid);
        let rotation = self.config.frequencies().rotation(&positions, &values.device());
        let mut x = self.patch_embed.forward(windows.arrange(values));
        for (index, block) in self.blocks.iter().enumerate() {
            x = if self.config.fullatt_block_indexes.contains(&index) {
                block.forward(x, &rotation, &windows.whole())
            } else {
                block.forward(x, &rotation, &windows.groups)
            };
        }
        windows.restore(self.merger.forward(x))
    }
}
