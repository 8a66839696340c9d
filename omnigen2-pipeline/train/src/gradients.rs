use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::prelude::*;
use burn::tensor::Gradients as Recorded;

use omnigen2_pipeline::weights::Trail;

/// The gradients of the parameters of a module by their paths, each as one axis, off autodiff.
#[derive(Clone, Debug, Default)]
pub struct Gradients(pub(super) BTreeMap<String, Tensor<1>>);

impl Gradients {
    /// Those of a backward pass for the parameters that have some.
    pub fn of<M: Module>(module: &M, recorded: Recorded) -> Self {
        let mut collect = Collect { recorded, trail: Trail::default(), found: BTreeMap::new() };
        module.visit(&mut collect);
        Self(collect.found)
    }

    /// The sum, multiplied by `weight`, of these and others.
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

    /// These, of which `norm` is the norm, scaled down so that it is at most `most`.
    #[must_use]
    pub fn clipped(self, norm: f64, most: f64) -> Self {
        let scale = most / (norm + EPSILON);
        match scale < 1.0 {
            true => Self(self.0.into_iter().map(|(path, gradient)| (path, gradient * scale)).collect()),
            false => self,
        }
    }

    /// The gradient of the parameter at a path.
    pub fn get(&self, path: &str) -> Option<&Tensor<1>> {
        self.0.get(path)
    }

    /// The length of all of them as one vector.
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
    trail: Trail,
    found: BTreeMap<String, Tensor<1>>,
}

impl ModuleVisitor for Collect {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.trail.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.trail.exit();
    }

    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let value = parameter.val();
        if let Some(gradient) = value.grad_remove(&mut self.recorded) {
            let count = value.dims().iter().product::<usize>();
            self.found.insert(self.trail.path(), gradient.reshape([count]));
        }
    }
}
