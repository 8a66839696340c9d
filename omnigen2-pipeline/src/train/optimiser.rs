use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, Param};
use burn::prelude::*;
use serde::{Deserialize, Serialize};

use super::gradients::Gradients;
use crate::weights::Trail;

/// How gradients change weights: AdamW (arXiv 1711.05101), as PyTorch computes it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamW {
    /// How much of the mean gradient is kept at each step.
    pub beta1: f64,
    /// How much of the mean square is kept at each step.
    pub beta2: f64,
    /// Added to the root of the mean square.
    pub epsilon: f64,
    /// How much of a weight goes at each step, times the rate.
    pub weight_decay: f64,
    /// Gradients whose norm together is larger are scaled down to it.
    pub clip_norm: f64,
}

impl Default for AdamW {
    /// The reference's settings.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.01, clip_norm: 1.0 }
    }
}

/// The running means of one parameter's gradient, as one axis.
#[derive(Clone, Debug)]
pub(super) struct Moments {
    pub(super) first: Tensor<1>,
    pub(super) second: Tensor<1>,
}

/// An optimiser in the middle of its work.
#[derive(Clone, Debug, Default)]
pub struct Optimiser {
    pub(super) settings: AdamW,
    pub(super) steps: u64,
    pub(super) moments: BTreeMap<String, Moments>,
}

impl Optimiser {
    /// An optimiser that has done nothing yet.
    pub fn new(settings: AdamW) -> Self {
        Self { settings, ..Self::default() }
    }

    /// How it changes weights.
    pub fn settings(&self) -> AdamW {
        self.settings
    }

    /// One step of all parameters that have gradients, at a learning rate.
    pub fn step<M: Module>(&mut self, module: M, gradients: Gradients, rate: f64) -> M {
        self.steps += 1;
        module.map(&mut Update { optimiser: self, gradients, rate, trail: Trail::default() })
    }
}

struct Update<'a> {
    optimiser: &'a mut Optimiser,
    gradients: Gradients,
    rate: f64,
    trail: Trail,
}

impl Update<'_> {
    fn moved(&mut self, path: &str, value: Tensor<1>, gradient: Tensor<1>) -> Tensor<1> {
        let AdamW { beta1, beta2, epsilon, weight_decay, .. } = self.optimiser.settings;
        let (first, second) = match self.optimiser.moments.remove(path) {
            Some(Moments { first, second }) => (first * beta1, second * beta2),
            None => (gradient.zeros_like(), gradient.zeros_like()),
        };
        let first = first + gradient.clone() * (1.0 - beta1);
        let second = second + gradient.square() * (1.0 - beta2);
        let steps = self.optimiser.steps as i32;
        let (unbiased1, unbiased2) = (1.0 - beta1.powi(steps), 1.0 - beta2.powi(steps));
        let root = second.clone().sqrt() * unbiased2.sqrt().recip() + epsilon;
        let change = first.clone() * (self.rate / unbiased1) / root;
        self.optimiser.moments.insert(path.to_owned(), Moments { first, second });
        value * (1.0 - self.rate * weight_decay) - change
    }
}

impl ModuleMapper for Update<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.trail.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.trail.exit();
    }

    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.trail.path();
        let Some(gradient) = self.gradients.0.remove(&path) else { return parameter };
        parameter.map(|value| {
            let dims = value.dims();
            let value = value.inner().reshape([dims.iter().product::<usize>()]);
            let value = self.moved(&path, value, gradient);
            Tensor::from_inner(value.reshape(dims)).require_grad()
        })
    }
}
