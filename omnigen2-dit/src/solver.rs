use std::fmt;
use std::str::FromStr;

use burn::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::ParseError;
use crate::flow::{Moment, VelocityField};
use crate::schedule::Schedule;

/// A way to integrate a field along a schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Solver {
    /// `x += Δt · v`.
    #[default]
    Euler,
    /// DPM-Solver++ (arXiv 2211.01095): multistep, midpoint, order 2, or 3 with its full history.
    DpmSolver {
        /// 1, 2 or 3; higher is taken as 3.
        order: usize,
    },
}

/// Schedules shorter than this end with steps of lower order, as in diffusers' `lower_order_final`.
const SHORT: usize = 15;

impl Solver {
    /// DPM-Solver++ of order 2, the reference's choice.
    pub const DPM_SOLVER: Self = Self::DpmSolver { order: 2 };

    /// Integrates `field` from `noise`, one step for each `next`.
    ///
    /// # Shapes
    /// - noise: `[batch, channels, height, width]`
    pub fn integrate<F: VelocityField>(
        self,
        field: F,
        noise: Tensor<4>,
        schedule: Schedule,
    ) -> Integration<F> {
        Integration {
            field,
            estimate: noise.clone(),
            latent: noise,
            schedule,
            step: 0,
            solver: self,
            history: Vec::new(),
        }
    }
}

/// `euler`, `dpm`, or `dpm of order N`.
impl fmt::Display for Solver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Euler => f.write_str("euler"),
            Self::DPM_SOLVER => f.write_str("dpm"),
            Self::DpmSolver { order } => write!(f, "{ORDER}{order}"),
        }
    }
}

const ORDER: &str = "dpm of order ";

/// Reads what [`Display`](fmt::Display) writes.
impl FromStr for Solver {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "euler" => Ok(Self::Euler),
            "dpm" => Ok(Self::DPM_SOLVER),
            _ => {
                let order = text.strip_prefix(ORDER).and_then(|order| order.parse().ok());
                let order = order.ok_or(ParseError { expected: "`euler` or `dpm`" })?;
                Ok(Self::DpmSolver { order })
            }
        }
    }
}

/// An integration under way: iterate for the latent after each step.
///
/// ```
/// use burn::prelude::*;
/// use omnigen2_dit::{Moment, Schedule, Solver, TimeShift};
///
/// let noise = Tensor::<4>::zeros([1, 4, 2, 2], &Device::flex());
/// let constant = |x: Tensor<4>, _: Moment| x.ones_like();
/// let path = Solver::Euler.integrate(constant, noise, Schedule::new(4, TimeShift::None, 4));
/// let image = path.last().unwrap();
/// assert!((image.mean().into_scalar::<f32>() - 1.0).abs() < 1e-6);
/// ```
#[derive(Debug)]
pub struct Integration<F> {
    field: F,
    latent: Tensor<4>,
    estimate: Tensor<4>,
    schedule: Schedule,
    step: usize,
    solver: Solver,
    history: Vec<Prediction>,
}

/// The image as the field foretold it at an earlier step.
#[derive(Debug)]
struct Prediction {
    image: Tensor<4>,
    lambda: f64,
}

impl<F> Integration<F> {
    /// The latent after the steps that are done.
    pub fn latent(&self) -> &Tensor<4> {
        &self.latent
    }

    /// The image that the last step was heading for: what the end will look like, as far as it can be told.
    pub fn estimate(&self) -> &Tensor<4> {
        &self.estimate
    }

    /// The number of steps that are done.
    pub fn done(&self) -> usize {
        self.step
    }

    /// The number of steps.
    pub fn steps(&self) -> usize {
        self.schedule.steps()
    }

    /// Ends the integration where it stands.
    pub fn into_latent(self) -> Tensor<4> {
        self.latent
    }
}

impl<F: VelocityField> Iterator for Integration<F> {
    type Item = Tensor<4>;

    fn next(&mut self) -> Option<Tensor<4>> {
        let &[t, next] = self.schedule.times().get(self.step..self.step + 2)? else { return None };
        let at = Moment { t, step: self.step, steps: self.steps() };
        let velocity = self.field.velocity(self.latent.clone(), at);
        self.estimate = self.latent.clone() + velocity.clone() * (1.0 - t);
        self.latent = match self.solver {
            Solver::Euler => self.latent.clone() + velocity * (next - t),
            Solver::DpmSolver { order } => self.dpm(t, next, order.clamp(1, 3)),
        };
        self.step += 1;
        Some(self.latent.clone())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.steps() - self.step;
        (left, Some(left))
    }
}

impl<F: VelocityField> ExactSizeIterator for Integration<F> {}

impl<F> Integration<F> {
    /// The step in the paper's terms: `alpha = t`, `sigma = 1 − t`, `lambda = ln(alpha / sigma)`.
    fn dpm(&mut self, t: f64, next: f64, order: usize) -> Tensor<4> {
        self.history.insert(0, Prediction { image: self.estimate.clone(), lambda: lambda(t) });
        self.history.truncate(3);
        let decay = (lambda(t) - lambda(next)).exp();
        let gain = next * (1.0 - decay);
        let h = lambda(next) - lambda(t);
        let x = self.latent.clone() * ((1.0 - next) / (1.0 - t)) + self.history[0].image.clone() * gain;
        match self.order(order) {
            1 => x,
            2 => {
                let (slope, _) = self.slope(0, h);
                x + slope * (0.5 * gain)
            }
            _ => {
                let ((near, r0), (far, r1)) = (self.slope(0, h), self.slope(1, h));
                let bend = near.clone() - far;
                let first = near + bend.clone() * (r0 / (r0 + r1));
                let second = bend * (r0 + r1).recip();
                x + first * (next * ((decay - 1.0) / h + 1.0))
                    - second * (next * ((decay - 1.0 + h) / (h * h) - 0.5))
            }
        }
    }

    /// The number of predictions that this step may use.
    fn order(&self, wanted: usize) -> usize {
        let left = self.steps() - self.step;
        let short = self.steps() < SHORT;
        let allowed = match left {
            1 => 1,
            2 if short => 2,
            _ => wanted,
        };
        allowed.min(wanted).min(self.history.len())
    }

    /// The divided difference between prediction `i` and the one before it, and their distance over `h`.
    /// The first prediction stands at `lambda = −∞`, where the difference is zero.
    fn slope(&self, i: usize, h: f64) -> (Tensor<4>, f64) {
        let (later, earlier) = (&self.history[i], &self.history[i + 1]);
        let ratio = (later.lambda - earlier.lambda) / h;
        ((later.image.clone() - earlier.image.clone()) * ratio.recip(), ratio)
    }
}

fn lambda(t: f64) -> f64 {
    (t / (1.0 - t)).ln()
}
