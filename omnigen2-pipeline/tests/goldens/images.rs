//! Pictures prepared for the VAE and for the vision tower.

use omnigen2_pipeline::pixels::{ReferenceLimits, VisionLimits, for_vae, for_vit};

use crate::checkpoint::{Checkpoint, causes};
use crate::golden::{Golden, Outcome, Score, device};

/// Bytes are equal; their floats are computed in one rounding or two, of values up to 1.
const VAE_TOLERANCE: f64 = 2e-7;
/// Bytes are equal; normalised values reach 3 and are rounded three times.
const VIT_TOLERANCE: f64 = 1e-6;

pub fn run(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    let device = device();
    let image = case.image("in.image");
    let limits = ReferenceLimits {
        max_pixels: case.setting("max_pixels").ok_or("no max_pixels")?,
        max_side: case.setting("max_side_length").ok_or("no max_side_length")?,
    };
    let found = for_vae(&image, &limits).map_err(causes)?.into_tensor(&device).unsqueeze();
    let expected = case.tensor::<4>("out.vae_input", &device);
    let score = Score::within(VAE_TOLERANCE).compare("vae", &found, &expected)?;

    let limits = VisionLimits::load(checkpoint.root.join("processor")).map_err(causes)?;
    let planes = for_vit(&image, &limits).map_err(causes)?;
    let config = checkpoint.files()?.vit_config().map_err(causes)?;
    let patches = config.patches(planes.into_tensor(&device));
    let grid = vec![1, patches.grid.rows as i32, patches.grid.columns as i32];
    score.then_within(VIT_TOLERANCE).exact("grid", &grid, &case.ints("out.grid_thw"))?.compare(
        "vit",
        &patches.values,
        &case.tensor("out.pixel_values", &device),
    )
}
