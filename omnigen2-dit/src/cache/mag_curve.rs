use std::sync::{Arc, Mutex, PoisonError};

use burn::prelude::*;
use serde::{Deserialize, Serialize};

use super::factory::StepCaches;
use super::measure::magnitude_ratio;
use super::step::{JointSize, StepCache};
use crate::flow::Moment;
use crate::layers::Layers;

/// The ratios of magnitudes of what a model's layers add, from each step to the next, for [`MagCache`]: recorded once, by
/// [`MagCalibration`], for a model and a time shift.
///
/// [`MagCache`]: super::MagCache
///
/// ```
/// use omnigen2_dit::{MagCurve, Moment};
///
/// let curve = MagCurve::new(vec![1.0, 1.21, 0.9, 0.81]);
/// let ratio = |step, steps| curve.ratio(Moment { t: 0.0, step, steps });
/// assert!((ratio(1, 4) - 1.21).abs() < 1e-12);
/// assert!((ratio(1, 7) - 1.1).abs() < 1e-12); // half a step of the recorded ones
/// assert!((ratio(2, 3) - 0.9 * 0.81 / (0.9f64).sqrt()).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MagCurve(Vec<f64>);

impl MagCurve {
    /// A curve of the ratio of each step's magnitude to that of the step before; the first step's counts for nothing.
    pub fn new(ratios: Vec<f64>) -> Self {
        Self(ratios)
    }

    /// The ratio of a step's magnitude to that of the step before. For another number of steps than was recorded, the
    /// logarithm of the magnitude is interpolated.
    pub fn ratio(&self, at: Moment) -> f64 {
        if at.step == 0 || self.0.len() < 2 {
            return 1.0;
        }
        let scale = (self.0.len() - 1) as f64 / (at.steps - 1) as f64;
        (self.level(at.step as f64 * scale) - self.level((at.step - 1) as f64 * scale)).exp()
    }

    /// The logarithm of the magnitude at a place between the recorded steps, from the first one's.
    fn level(&self, place: f64) -> f64 {
        let share = |(step, ratio): (usize, &f64)| ratio.ln() * (place - step as f64).clamp(0.0, 1.0);
        self.0.iter().skip(1).enumerate().map(share).sum()
    }
}

/// Records a [`MagCurve`]: draw a few pictures with its [`caches`](Self::caches), all with as many steps. Every branch
/// and every picture counts the same.
#[derive(Clone, Debug, Default)]
pub struct MagCalibration(Arc<Mutex<Vec<Vec<f64>>>>);

impl MagCalibration {
    /// Caches that run every layer at every step.
    pub fn caches(&self) -> StepCaches {
        let calibration = self.clone();
        StepCaches::new(move || MagRecorder { calibration: calibration.clone(), residual: None })
    }

    /// The geometric means of what was recorded.
    pub fn curve(&self) -> MagCurve {
        let steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mean = |ratios: &Vec<f64>| {
            let logarithms: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
            (logarithms / ratios.len().max(1) as f64).exp()
        };
        MagCurve(steps.iter().map(mean).collect())
    }

    fn record(&self, step: usize, ratio: f64) {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.len() <= step {
            steps.resize(step + 1, Vec::new());
        }
        steps[step].push(ratio);
    }
}

struct MagRecorder {
    calibration: MagCalibration,
    residual: Option<Tensor<3>>,
}

impl StepCache for MagRecorder {
    fn run(&mut self, layers: &Layers<'_>, joint: Tensor<3>, at: Moment) -> Tensor<3> {
        let output = layers.run(joint.clone());
        let residual = layers.drawn(output.clone() - joint);
        let before = self.residual.replace(residual.clone());
        if let Some(ratio) = before.and_then(|before| magnitude_ratio(&residual, &before)) {
            self.calibration.record(at.step, ratio);
        }
        output
    }

    fn bytes(&self, joint: JointSize) -> u64 {
        joint.bytes()
    }
}
