use burn::prelude::*;

use super::measure::relative_change;
use super::step::{JointSize, StepCache};
use crate::flow::Moment;
use crate::layers::Layers;

/// Runs the first layer at every step, and the others only where what the first one adds to the image has changed
/// since they last ran; else adds what they added then (the first-block cache of ParaAttention and diffusers).
///
/// The change is relative, in mean absolute values over the tokens of the image. It reads one number a step back from
/// the device.
#[derive(Debug)]
pub struct FirstBlockCache {
    threshold: f64,
    /// The residual of the first layer over the image, when the others last ran.
    first: Option<Tensor<3>>,
    /// The residual of the others then.
    rest: Option<Tensor<3>>,
}

impl FirstBlockCache {
    /// A cache that skips while the change stays under `threshold`; at 0 it never skips.
    pub fn new(threshold: f64) -> Self {
        Self { threshold, first: None, rest: None }
    }

    fn may_skip(&self, first: &Tensor<3>) -> bool {
        let change = self.first.as_ref().and_then(|before| relative_change(first, before));
        change.is_some_and(|change| change < self.threshold)
    }
}

impl StepCache for FirstBlockCache {
    fn run(&mut self, layers: &Layers<'_>, joint: Tensor<3>, _: Moment) -> Tensor<3> {
        let (head, tail) = layers.split_at(layers.count().min(1));
        let hidden = head.run(joint.clone());
        let first = layers.drawn(hidden.clone() - joint);
        match &self.rest {
            Some(rest) if self.may_skip(&first) => hidden + rest.clone(),
            _ => {
                let output = tail.run(hidden.clone());
                self.rest = Some(output.clone() - hidden);
                self.first = Some(first);
                output
            }
        }
    }

    /// The residuals of the first layer and of the others.
    fn bytes(&self, joint: JointSize) -> u64 {
        2 * joint.bytes()
    }
}
