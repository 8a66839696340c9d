//! Time steps and samples of the solvers for given velocities.

use burn::prelude::*;
use omnigen2_dit::{Moment, Schedule, Solver, TimeShift};

use crate::golden::{Golden, Outcome, Score, device};

/// The reference adds up in F32 with F32 times.
const TOLERANCE: f64 = 2e-5;
/// The published autoencoder's 8 by 8.
const PIXELS_OF_CELL: usize = 64;

pub fn run(case: &Golden) -> Outcome {
    let device = device();
    let steps = case.setting::<usize>("steps").ok_or("no steps")?;
    let cells = case.setting::<Option<usize>>("num_tokens").flatten();
    let shift = if cells.is_some() { TimeShift::default() } else { TimeShift::None };
    let solver = match case.setting::<usize>("order") {
        Some(order) => Solver::DpmSolver { order },
        None => Solver::Euler,
    };
    let schedule = Schedule::new(steps, shift, PIXELS_OF_CELL * cells.unwrap_or_default());
    let times: Vec<f32> = schedule.times()[..steps].iter().map(|&t| t as f32).collect();
    let times = Tensor::<1>::from_floats(times.as_slice(), &device);
    let expected_times = case.tensor::<1>("out.timesteps", &device);
    let score = Score::within(TOLERANCE).compare("timesteps", &times, &expected_times)?;

    let velocities = case.tensor::<5>("in.velocities", &device);
    let field = |_: Tensor<4>, at: Moment| velocities.clone().narrow(0, at.step, 1).squeeze_dim::<4>(0);
    let samples: Vec<_> = solver.integrate(field, case.tensor::<4>("in.sample", &device), schedule).collect();
    if case.has("out.samples") {
        let expected = case.tensor::<5>("out.samples", &device);
        score.compare("samples", &Tensor::stack::<5>(samples, 0), &expected)
    } else {
        let last = samples.last().ok_or("no steps")?;
        score.compare("sample", last, &case.tensor::<4>("out.sample", &device))
    }
}
