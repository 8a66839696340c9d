//! Pictures prepared for the VAE and for the vision tower.

use burn::prelude::*;
use omnigen2_pipeline::pixels::{ReferenceLimits, VisionLimits, for_vae, for_vit};
use omnigen2_vit::VitConfig;

use crate::checkpoint::Checkpoint;
use crate::golden::{Golden, Outcome, Score};

/// Bytes are equal; their floats are computed in one rounding or two, of values up to 1.
const VAE_TOLERANCE: f64 = 2e-7;
/// Bytes are equal; normalised values reach 3 and are rounded three times.
const VIT_TOLERANCE: f64 = 1e-6;

pub fn run(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    let device = Device::flex();
    let image = case.image("in.image");
    let limits = ReferenceLimits {
        max_pixels: case.setting("max_pixels").ok_or("no max_pixels")?,
        max_side: case.setting("max_side_length").ok_or("no max_side_length")?,
    };
    let found = for_vae(&image, &limits).map_err(|e| e.to_string())?.into_tensor(&device).unsqueeze();
    let expected = case.tensor::<4>("out.vae_input", &device);
    let score = Score::default().compare("vae", &found, &expected, VAE_TOLERANCE)?;

    let limits = VisionLimits::load(checkpoint.root.join("processor")).map_err(|e| e.to_string())?;
    let planes = for_vit(&image, &limits).map_err(|e| e.to_string())?;
    let patches = VitConfig::qwen2_5_vl_3b().patches(planes.into_tensor(&device));
    let grid = vec![1, patches.grid.rows as i32, patches.grid.columns as i32];
    score.exact("grid", &grid, &case.ints("out.grid_thw"))?.compare(
        "vit",
        &patches.values,
        &case.tensor("out.pixel_values", &device),
        VIT_TOLERANCE,
    )
}
