//! Velocities of the transformer with an adapter in each dialect, beside its weights and in them.

use burn::prelude::*;
use omnigen2_dit::Dit;
use omnigen2_pipeline::lora::{Adapter, attach, merge};
use omnigen2_rope::Grid;

use crate::checkpoint::{Checkpoint, causes};
use crate::golden::{Golden, Outcome, Score, device, directory};

/// F32 sums of values of size 1, ordered otherwise than PyTorch's, as without adapters.
const TOLERANCE: f64 = 1e-4;

pub fn run(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    let file = directory("OMNIGEN2_GOLDENS", "goldens").join(&case.name);
    let folder = file.parent().ok_or("the golden has no folder")?;
    let scale = case.setting("scale").unwrap_or(1.0);
    let adapter = Adapter::open(folder).and_then(|adapter| adapter.scaled(scale)).map_err(causes)?;
    let dit = checkpoint.dit()?;
    let beside = attach(dit.clone(), std::slice::from_ref(&adapter)).map_err(causes)?;
    let within = merge(dit, &[adapter]).map_err(causes)?;
    let expected = case.tensor::<4>("out.velocity", &device());
    Score::within(TOLERANCE).compare("beside the weights", &velocities(&beside, case)?, &expected)?.compare(
        "in the weights",
        &velocities(&within, case)?,
        &expected,
    )
}

/// Each row by itself: padding changes nothing of a row.
fn velocities(dit: &Dit, case: &Golden) -> Result<Tensor<4>, String> {
    let device = device();
    let latents = case.tensor::<4>("in.latent", &device);
    let texts = case.tensor::<3>("in.text", &device);
    let [rows, seq, _] = texts.dims();
    let [_, _, height, width] = latents.dims();
    let (mask, times) = (case.ints("in.text_mask"), case.floats("in.timestep"));
    let row = |row: usize| {
        let references = case.numbered(&format!("in.reference.{row}"));
        let references: Vec<_> =
            references.iter().map(|name| case.tensor::<3>(name, &device).unsqueeze::<4>()).collect();
        let length = mask[row * seq..(row + 1) * seq].iter().filter(|&&m| m != 0).count();
        let text = texts.clone().narrow(0, row, 1).narrow(1, 0, length);
        let canvas = dit.canvas(Grid::new(height, width), &references).map_err(causes)?;
        let context = dit.prepare(text, &canvas);
        let step = dit.at(latents.clone().narrow(0, row, 1), f64::from(times[row]), &canvas);
        Ok(dit.velocity(&step, &context))
    };
    Ok(Tensor::cat((0..rows).map(row).collect::<Result<_, String>>()?, 0))
}
