use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_pipeline::weights::Storage;
use omnigen2_rope::Grid;
use omnigen2_vit::{Patches, VitConfig};

use super::{Prepared, timed, whole};
use crate::synthetic::{Weights, input};

/// 448×448 pixels: 16 whole windows.
const GRID: Grid = Grid { rows: 32, columns: 32 };

/// A block of windows and a block of the whole image, between the patches and the features.
pub(super) fn blocks(storage: Storage, device: &Device) -> Prepared {
    let config = VitConfig { depth: 2, fullatt_block_indexes: vec![1], ..VitConfig::qwen2_5_vl_3b() };
    let weights = Weights { names: omnigen2_vit::NAMES, storage, ..Weights::all(DType::BF16) };
    let vit = weights.fill(config.init(device));
    let patches = Patches { values: input("patches", [GRID.cells(), 3 * 2 * 14 * 14], device), grid: GRID };
    let device = device.clone();
    Prepared::new(move || whole(timed(&device, || vit.forward(&patches))))
}
