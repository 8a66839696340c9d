use burn::prelude::*;

use super::measure::relative_change;
use super::step::{JointSize, StepCache};
use crate::flow::Moment;
use crate::layers::Layers;

/// Skips the layers while their first input has changed little since they last ran (TeaCache,
/// arXiv 2411.19108), and adds what they added then.
///
/// It reads one number a step back from the device.
#[derive(Debug)]
pub struct TeaCache {
    threshold: f64,
    accumulated: f64,
    input: Option<Tensor<3>>,
    residual: Option<Tensor<3>>,
}

/// The polynomial from the relative change of the first input to the expected change of the output, highest power
/// first; fitted to OmniGen2 by the reference.
const RESCALE: [f64; 5] = [-5.48259225, 11.48772289, -4.47407401, 2.47730926, -0.03316487];

impl TeaCache {
    /// A cache that skips while the accumulated change stays under `threshold`; at 0 it never skips.
    pub fn new(threshold: f64) -> Self {
        Self { threshold, accumulated: 0.0, input: None, residual: None }
    }

    fn may_skip(&mut self, input: &Tensor<3>, at: Moment) -> bool {
        if at.is_end() || self.threshold <= 0.0 {
            return false;
        }
        let Some(previous) = &self.input else { return false };
        let Some(change) = relative_change(input, previous) else { return false };
        self.accumulated += RESCALE.iter().fold(0.0, |sum, c| sum * change + c);
        self.accumulated < self.threshold
    }
}

impl StepCache for TeaCache {
    fn run(&mut self, layers: &Layers<'_>, joint: Tensor<3>, at: Moment) -> Tensor<3> {
        let input = layers.first_input(joint.clone());
        let skip = self.may_skip(&input, at);
        self.input = Some(input);
        match &self.residual {
            Some(residual) if skip => joint + residual.clone(),
            _ => {
                let output = layers.run(joint.clone());
                self.residual = Some(output.clone() - joint);
                self.accumulated = 0.0;
                output
            }
        }
    }

    /// The input and the residual.
    fn bytes(&self, joint: JointSize) -> u64 {
        2 * joint.bytes()
    }
}
