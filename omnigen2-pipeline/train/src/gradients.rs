use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::prelude::*;
use burn::tensor::Gradients as Recorded;

use omnigen2_pipeline::weights::{ParameterVisitor, visit};

/// The gradients of the parameters of a module by their paths, each as one axis, off autodiff.
#[derive(Clone, Debug, Default)]
pub struct Gradients(pub(super) BTreeMap<String, Tensor<1>>);

impl Gradients {
    /// Takes the gradients of a backward pass for the parameters that have some.
    pub fn of<M: Module>(module: &M, recorded: Recorded) -> Self {
        let mut collect = Collect { recorded, found: BTreeMap::new() };
        visit(module, &mut collect);
        Self(collect.found)
    }

    /// Adds others, multiplied by `weight`.
    pub fn add(&mut self, others: Self, weight: f64) {
        for (path, gradient) in others.0 {
            let gradient = gradient * weight;
            let sum = match self.0.remove(&path) {
                Some(sum) => sum + gradient,
                None => gradient,
            };
            self.0.insert(path, sum);
        }
    }

    /// Scales gradients down whose norm, given as `norm`, is larger than `most`.
    #[must_use]
    pub fn clipped(self, norm: f64, most: f64) -> Self {
        let scale = most / (norm + EPSILON);
        if scale < 1.0 {
            Self(self.0.into_iter().map(|(path, gradient)| (path, gradient * scale)).collect())
        } else {
            self
        }
    }

    /// Returns the gradient of the parameter at a path.
    pub fn get(&self, path: &str) -> Option<&Tensor<1>> {
        self.0.get(path)
    }

    /// Returns the length of all gradients as one vector.
    pub fn norm(&self) -> f64 {
        let squares: Vec<Tensor<1>> = self.0.values().map(|g| g.clone().square().sum()).collect();
        if squares.is_empty() {
            return 0.0;
        }
        f64::from(Tensor::cat(squares, 0).sum().into_scalar::<f32>()).sqrt()
    }
}

/// PyTorch adds this to the norm that it divides by when it clips.
const EPSILON: f64 = 1e-6;

struct Collect {
    recorded: Recorded,
    found: BTreeMap<String, Tensor<1>>,
}

impl ParameterVisitor for Collect {
    fn visit<const D: usize>(&mut self, path: &str, parameter: &Param<Tensor<D>>) {
        let value = parameter.val();
        if let Some(gradient) = value.grad_remove(&mut self.recorded) {
            let count = value.dims().iter().product::<usize>();
            self.found.insert(path.to_owned(), gradient.reshape([count]));
        }
    }
}
