//! Velocities of the transformer, each row of a batch by itself: padding changes nothing of a row.

use burn::prelude::*;
use omnigen2_rope::Grid;

use crate::checkpoint::{Checkpoint, causes};
use crate::golden::{Golden, Outcome, Score, device};

/// F32 sums of values of size 1, ordered otherwise than PyTorch's.
const TOLERANCE: f64 = 1e-4;

pub fn run(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    let device = device();
    let dit = checkpoint.dit()?;
    let texts = case.tensor::<3>("in.text", &device);
    let [rows, seq, _] = texts.dims();
    let mask = case.ints("in.text_mask");
    let times = case.floats("in.timestep");
    let mut score = Score::within(TOLERANCE);
    for row in 0..rows {
        let latent = case.tensor::<3>(&format!("in.latent.{row}"), &device).unsqueeze::<4>();
        let references = case.numbered(&format!("in.reference.{row}"));
        let references: Vec<_> =
            references.iter().map(|name| case.tensor::<3>(name, &device).unsqueeze::<4>()).collect();
        let length = mask[row * seq..(row + 1) * seq].iter().filter(|&&m| m != 0).count();
        let text = texts.clone().narrow(0, row, 1).narrow(1, 0, length);
        let [_, _, height, width] = latent.dims();
        let canvas = dit.canvas(Grid::new(height, width), &references).map_err(causes)?;
        let context = dit.prepare(text, &canvas);
        let step = dit.at(latent, f64::from(times[row]), &canvas);
        let velocity = dit.velocity(&step, &context).squeeze_dim::<3>(0);
        let name = format!("out.velocity.{row}");
        score = score.compare(&name, &velocity, &case.tensor(&name, &device))?;
        if rows == 1 && case.has("tap.context_refiner") {
            let tap = |name: &str| case.tensor::<3>(name, &device);
            score = score.compare("context_refiner", &context.text(), &tap("tap.context_refiner"))?.compare(
                "noise_refiner",
                &step.latent(),
                &tap("tap.noise_refiner"),
            )?;
            if !references.is_empty() {
                let refined = Tensor::cat(step.references().to_vec(), 1);
                score = score.compare("ref_image_refiner", &refined, &tap("tap.ref_image_refiner"))?;
            }
        }
    }
    Ok(score)
}
