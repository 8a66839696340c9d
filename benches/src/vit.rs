//! The vision tower reading an image.

use std::cell::LazyCell;

use burn::prelude::*;
use criterion::Criterion;
use omnigen2_rope::Grid;
use omnigen2_vit::VitConfig;

use crate::{Group, measure, must, normal, published, tiny, tiny_checkpoint};

/// Adds the benchmarks of `omnigen2-vit`.
pub fn define(criterion: &mut Criterion, device: &Device) {
    let config = must(tiny_checkpoint().vit_config());
    add(&mut tiny(criterion, "vit"), device, &config);
    // One block of windows, one of the whole image.
    let config = VitConfig { depth: 2, fullatt_block_indexes: vec![1], ..VitConfig::qwen2_5_vl_3b() };
    add(&mut published(criterion, "vit"), device, &config);
}

fn add(group: &mut Group<'_>, device: &Device, config: &VitConfig) {
    let vit = config.init(device);
    let grid = Grid::new(16, 20);
    let patches = LazyCell::new(|| {
        let [height, width] = [grid.rows, grid.columns].map(|patches| patches * config.patch_size);
        config.patches(normal([config.in_channels, height, width], device))
    });
    let dims = [grid.blocks(config.spatial_merge_size).cells(), config.out_hidden_size];
    measure(group, &format!("forward/{}x{} patches", grid.rows, grid.columns), dims, || {
        vit.forward(&patches)
    });
}
