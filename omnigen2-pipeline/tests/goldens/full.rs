//! The networks at the published size, on a checkpoint of synthetic weights.

use omnigen2_rope::Grid;

use crate::checkpoint::{Checkpoint, causes};
use crate::golden::{Golden, Outcome, Score, device};
use crate::{mllm, vae};

/// Thirty layers of F32 sums, ordered otherwise than PyTorch's.
pub const TOLERANCE: f64 = 2e-3;

pub fn run(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    match case.name.as_str() {
        "full_dit" => dit(case, checkpoint),
        "full_vae" => vae::run_full(case, checkpoint),
        "full_mllm" => mllm::run_full(case, checkpoint),
        "full_vit" => mllm::run_full_vit(case, checkpoint),
        _ => Err("no code runs this golden".into()),
    }
}

fn dit(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    let device = device();
    let dit = checkpoint.dit()?;
    let latent = case.tensor::<4>("in.latent", &device);
    let [_, _, height, width] = latent.dims();
    let t = f64::from(case.floats("in.timestep")[0]);
    let reference = case.tensor::<3>("in.reference", &device).unsqueeze::<4>();
    let canvas = dit.canvas(Grid::new(height, width), &[reference]).map_err(causes)?;
    let step = dit.at(latent, t, &canvas);
    let text = case.tensor::<3>("in.text", &device);
    let with = dit.prepare(text.clone(), &canvas);
    let without = dit.prepare_without_references(text, &canvas);
    let expected = |name| case.tensor::<4>(name, &device);
    Score::within(TOLERANCE)
        .compare("velocity", &dit.velocity(&step, &without), &expected("out.velocity"))?
        .compare(
            "velocity_with_reference",
            &dit.velocity(&step, &with),
            &expected("out.velocity_with_reference"),
        )
}
