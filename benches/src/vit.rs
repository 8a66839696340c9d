//! The vision tower reading an image.

use std::cell::LazyCell;
use std::ops::Deref;

use burn::prelude::*;
use burn::tensor::DType;
use criterion::Criterion;
use omnigen2_rope::Grid;
use omnigen2_vit::{Vit, VitConfig};

use crate::synthetic::Weights;
use crate::{Group, measure, must, normal, published, tiny, tiny_checkpoint};

/// Adds the benchmarks of `omnigen2-vit`.
pub fn define(criterion: &mut Criterion, device: &Device) {
    let config = must(tiny_checkpoint().vit_config());
    let vit = LazyCell::new(|| config.init(device));
    add(&mut tiny(criterion, "vit"), Tower { config: &config, device, vit: &vit });
    // One block of windows, one of the whole image.
    let config = VitConfig { depth: 2, fullatt_block_indexes: vec![1], ..VitConfig::qwen2_5_vl_3b() };
    for weights in [DType::BF16, DType::F32] {
        let vit = LazyCell::new(|| Weights::all(weights).fill(config.init(device)));
        let mut group = published(criterion, &format!("vit, {weights:?} weights"));
        add(&mut group, Tower { config: &config, device, vit: &vit });
    }
}

/// A network that is made when it is needed.
struct Tower<'a> {
    config: &'a VitConfig,
    device: &'a Device,
    vit: &'a dyn Deref<Target = Vit>,
}

fn add(group: &mut Group<'_>, Tower { config, device, vit }: Tower<'_>) {
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
