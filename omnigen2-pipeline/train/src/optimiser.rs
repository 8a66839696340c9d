use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::prelude::*;
use serde::{Deserialize, Serialize};

use super::gradients::Gradients;
use super::muon::{self, Pending, Turned};
use omnigen2_pipeline::weights::{ParameterMapper, map};

/// The settings of AdamW (arXiv 1711.05101), as PyTorch computes it, and of Muon.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamW {
    /// The part of the mean gradient that is kept at each step.
    pub beta1: f64,
    /// The part of the mean square that is kept at each step.
    pub beta2: f64,
    /// The number that is added to the root of the mean square.
    pub epsilon: f64,
    /// The part of a weight that goes at each step, divided by the rate.
    pub weight_decay: f64,
    /// The largest norm of all gradients together; larger ones are scaled down to it.
    pub clip_norm: f64,
    /// The momentum of the matrices inside of blocks, if their steps are made orthogonal (Muon, K. Jordan, 2024; scaled
    /// as in arXiv 2502.16982) in place of AdamW's.
    pub muon: Option<f64>,
}

impl Default for AdamW {
    /// The reference's settings.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.01, clip_norm: 1.0, muon: None }
    }
}

/// The running means of one parameter's gradient, as one axis.
#[derive(Clone, Debug)]
pub(super) struct Moments {
    pub(super) first: Tensor<1>,
    /// Of its squares; `None` for a matrix whose steps are made orthogonal.
    pub(super) second: Option<Tensor<1>>,
}

/// The optimiser of a module, with the moments of its parameters.
#[derive(Clone, Debug, Default)]
pub struct Optimiser {
    pub(super) settings: AdamW,
    pub(super) steps: u64,
    pub(super) moments: BTreeMap<String, Moments>,
}

impl Optimiser {
    /// Creates an optimiser that has done nothing yet.
    pub fn new(settings: AdamW) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Returns the settings.
    pub fn settings(&self) -> AdamW {
        self.settings
    }

    /// Moves all parameters that have gradients by one step, at a learning rate.
    pub fn step<M: Module>(&mut self, module: M, gradients: Gradients, rate: f64) -> M {
        self.steps += 1;
        let mut gradients = gradients;
        let turned = match self.settings.muon {
            Some(momentum) => self.turned(&module, &mut gradients, momentum),
            None => BTreeMap::new(),
        };
        map(module, &mut Update { optimiser: self, gradients, turned, rate })
    }

    /// Takes the gradients of the matrices inside of blocks, and gives their steps by their paths.
    fn turned<M: Module>(
        &mut self,
        module: &M,
        gradients: &mut Gradients,
        momentum: f64,
    ) -> BTreeMap<String, Tensor<1>> {
        let pending = muon::matrices(module, gradients).into_iter().filter_map(|(path, shape)| {
            let gradient = gradients.0.remove(&path)?;
            let mean = self.moments.remove(&path).map_or_else(|| gradient.zeros_like(), |found| found.first);
            Some(Pending { path, shape, mean, gradient })
        });
        let steps = muon::turned(pending.collect(), momentum).into_iter();
        let kept = steps.map(|Turned { path, mean, step }| {
            self.moments.insert(path.clone(), Moments { first: mean, second: None });
            (path, step)
        });
        kept.collect()
    }
}

struct Update<'a> {
    optimiser: &'a mut Optimiser,
    gradients: Gradients,
    /// The steps of some matrices, for a rate of 1.
    turned: BTreeMap<String, Tensor<1>>,
    rate: f64,
}

impl Update<'_> {
    /// By how much a parameter is to become less; `None` if it is to stay.
    fn change(&mut self, path: &str) -> Option<Tensor<1>> {
        let AdamW { beta1, beta2, epsilon, .. } = self.optimiser.settings;
        if let Some(step) = self.turned.remove(path) {
            return Some(step * self.rate);
        }
        let gradient = self.gradients.0.remove(path)?;
        let (first, second) = match self.optimiser.moments.remove(path) {
            Some(Moments { first, second: Some(second) }) => (first * beta1, second * beta2),
            _ => (gradient.zeros_like(), gradient.zeros_like()),
        };
        let first = first + gradient.clone() * (1.0 - beta1);
        let second = second + gradient.square() * (1.0 - beta2);
        let steps = self.optimiser.steps as i32;
        let (unbiased1, unbiased2) = (1.0 - beta1.powi(steps), 1.0 - beta2.powi(steps));
        let root = second.clone().sqrt() * unbiased2.sqrt().recip() + epsilon;
        let change = first.clone() * (self.rate / unbiased1) / root;
        self.optimiser.moments.insert(path.to_owned(), Moments { first, second: Some(second) });
        Some(change)
    }
}

impl ParameterMapper for Update<'_> {
    fn map<const D: usize>(&mut self, path: &str, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(change) = self.change(path) else { return parameter };
        let kept = 1.0 - self.rate * self.optimiser.settings.weight_decay;
        parameter.map(|value| {
            let dims = value.dims();
            Tensor::from_inner(value.inner() * kept - change.reshape(dims)).require_grad()
        })
    }
}
