use burn::prelude::*;

use super::mag_curve::MagCurve;
use super::measure::magnitude_ratio;
use super::step::{JointSize, StepCache};
use crate::flow::Moment;
use crate::layers::Layers;

/// Skips the layers while the magnitude of what they add is expected to change little, and adds what they added when
/// they last ran (MagCache, arXiv 2506.09045).
///
/// The method expects a ratio of magnitudes from each step to the next; a residual that is kept over several steps is
/// off by `|1 − product of their ratios|`. The layers are skipped while the sum of these errors stays under a threshold,
/// at most three steps in a row, and never in the first fifth of the steps. Magnitudes are means over the tokens of the
/// image.
///
/// The published ratios are a curve that belongs to a model: [`with_curve`](Self::with_curve). [`new`](Self::new) needs
/// none: it expects the ratio that was between the last two steps that ran, and reads one number back from the device
/// where the layers run.
#[derive(Debug)]
pub struct MagCache {
    threshold: f64,
    ratios: Ratios,
    /// The product of the ratios since the layers last ran.
    product: f64,
    error: f64,
    skipped: usize,
    residual: Option<Tensor<3>>,
}

/// Where the ratio of one step to the next comes from.
#[derive(Debug)]
enum Ratios {
    /// The model's curve.
    Known(MagCurve),
    /// The last two steps that ran; none before there are two.
    Seen(Option<f64>),
}

/// The most steps that are skipped in a row, the paper's `K`.
const MOST_SKIPPED: usize = 3;
/// The share of the steps at the beginning that always run, the paper's retention ratio.
const RETAINED: f64 = 0.2;

impl MagCache {
    /// A cache that skips while the accumulated error stays under `threshold`, by the ratios that it sees; at 0 it
    /// never skips.
    pub fn new(threshold: f64) -> Self {
        Self::by(threshold, Ratios::Seen(None))
    }

    /// A cache that skips while the accumulated error stays under `threshold`, by the ratios of a curve.
    pub fn with_curve(threshold: f64, curve: MagCurve) -> Self {
        Self::by(threshold, Ratios::Known(curve))
    }

    fn by(threshold: f64, ratios: Ratios) -> Self {
        Self { threshold, ratios, product: 1.0, error: 0.0, skipped: 0, residual: None }
    }

    fn may_skip(&mut self, at: Moment) -> bool {
        let ratio = match &self.ratios {
            Ratios::Known(curve) => Some(curve.ratio(at)),
            Ratios::Seen(ratio) => *ratio,
        };
        let (Some(ratio), Some(_)) = (ratio, &self.residual) else { return false };
        self.product *= ratio;
        self.error += (1.0 - self.product).abs();
        let retained = (at.step as f64) < RETAINED * at.steps as f64;
        !retained && self.error < self.threshold && self.skipped < MOST_SKIPPED
    }

    fn refresh(&mut self, layers: &Layers<'_>, residual: Tensor<3>) {
        if let (Ratios::Seen(seen), Some(before)) = (&mut self.ratios, &self.residual) {
            let ratio = magnitude_ratio(&layers.drawn(residual.clone()), &layers.drawn(before.clone()));
            *seen = ratio.map(|ratio| ratio.powf(1.0 / (self.skipped + 1) as f64));
        }
        self.residual = Some(residual);
        (self.product, self.error, self.skipped) = (1.0, 0.0, 0);
    }
}

impl StepCache for MagCache {
    fn run(&mut self, layers: &Layers<'_>, joint: Tensor<3>, at: Moment) -> Tensor<3> {
        let skip = self.may_skip(at);
        match &self.residual {
            Some(residual) if skip => {
                self.skipped += 1;
                joint + residual.clone()
            }
            _ => {
                let output = layers.run(joint.clone());
                self.refresh(layers, output.clone() - joint);
                output
            }
        }
    }

    /// The residual.
    fn bytes(&self, joint: JointSize) -> u64 {
        joint.bytes()
    }
}
