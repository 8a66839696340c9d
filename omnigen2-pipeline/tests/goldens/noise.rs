//! The numbers of PyTorch's CPU generator.

use burn::prelude::*;
use omnigen2_pipeline::noise::standard_normal;

use crate::checkpoint::Checkpoint;
use crate::golden::{Golden, Outcome, Score, device};

/// PyTorch's vectorised logarithm, sine and cosine stray by an ulp or two of values up to 5; the random bits
/// behind them are equal.
const TOLERANCE: f64 = 2e-6;

pub fn run(case: &Golden, _: &Checkpoint) -> Outcome {
    let device = device();
    let seed = case.setting("seed").ok_or("no seed")?;
    let expected = case.floats("out.noise");
    let found = standard_normal(seed, expected.len());
    let tensor = |values: &[f32]| Tensor::<1>::from_floats(values, &device);
    Score::within(TOLERANCE).compare("noise", &tensor(&found), &tensor(&expected))
}
