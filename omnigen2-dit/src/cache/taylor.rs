use burn::prelude::*;

use super::step::{JointSize, StepCache};
use crate::flow::Moment;
use crate::layers::Layers;

/// Runs the layers at some steps and extrapolates their output between them by a Taylor series in the step's
/// index (TaylorSeer, arXiv 2503.06923).
///
/// Steps are counted from the first one of its own branch, as the reference counts them: a branch that guidance asks
/// late warms up late.
///
/// The published method keeps a series for every layer; each layer's output is replaced whole, so only the
/// last layer's is ever read, and only that one is kept here.
#[derive(Debug)]
pub struct TaylorSeer {
    order: usize,
    warm_up: usize,
    interval: usize,
    step: usize,
    skipped: usize,
    refreshed: usize,
    factors: Vec<Tensor<3>>,
}

impl Default for TaylorSeer {
    /// Order 4; the first 5 steps run, then every third.
    fn default() -> Self {
        Self { order: 4, warm_up: 5, interval: 3, step: 0, skipped: 0, refreshed: 0, factors: Vec::new() }
    }
}

impl TaylorSeer {
    fn runs(&self) -> bool {
        self.step < self.warm_up || self.skipped + 1 >= self.interval || self.factors.is_empty()
    }

    /// Divided differences against the last refresh; while warming up only the last step keeps any.
    fn refresh(&mut self, output: Tensor<3>) {
        let previous = std::mem::take(&mut self.factors);
        let mut factors = vec![output];
        if self.step + 2 > self.warm_up {
            let distance = (self.step - self.refreshed) as f64;
            for (order, old) in previous.into_iter().take(self.order).enumerate() {
                factors.push((factors[order].clone() - old) / distance);
            }
        }
        self.factors = factors;
        self.refreshed = self.step;
        self.skipped = 0;
    }

    fn extrapolate(&mut self) -> Option<Tensor<3>> {
        self.skipped += 1;
        let x = (self.step - self.refreshed) as f64;
        let mut weight = 1.0;
        let terms = self.factors.iter().enumerate().map(|(order, factor)| {
            weight *= if order == 0 { 1.0 } else { x / order as f64 };
            factor.clone() * weight
        });
        terms.reduce(|sum, term| sum + term)
    }
}

impl StepCache for TaylorSeer {
    fn run(&mut self, layers: &Layers<'_>, joint: Tensor<3>, _: Moment) -> Tensor<3> {
        let extrapolated = if self.runs() { None } else { self.extrapolate() };
        let output = extrapolated.unwrap_or_else(|| {
            let output = layers.run(joint);
            self.refresh(output.clone());
            output
        });
        self.step += 1;
        output
    }

    /// The output and its differences of every order.
    fn bytes(&self, joint: JointSize) -> u64 {
        (1 + self.order as u64) * joint.bytes()
    }
}
