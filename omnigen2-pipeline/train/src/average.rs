use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::prelude::*;

use omnigen2_pipeline::weights::Trail;

/// The exponential moving average of the weights that are trained, each as one axis.
#[derive(Clone, Debug, Default)]
pub(crate) struct Average {
    pub(super) values: BTreeMap<String, Tensor<1>>,
}

impl Average {
    /// Moves every average towards its weight; the first time it is the weight.
    pub(crate) fn follow<M: Module>(&mut self, module: &M, keep: f64) {
        module.visit(&mut Follow { average: self, keep, trail: Trail::default() });
    }

    /// The module with averages in place of the weights that have one, off autodiff.
    pub(crate) fn of<M: Module>(&self, module: &M) -> M {
        module.valid().map(&mut Replace { average: self, trail: Trail::default() })
    }
}

struct Follow<'a> {
    average: &'a mut Average,
    keep: f64,
    trail: Trail,
}

impl ModuleVisitor for Follow<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.trail.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.trail.exit();
    }

    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let value = parameter.val();
        if !value.is_require_grad() {
            return;
        }
        let count = value.dims().iter().product::<usize>();
        let value = value.inner().reshape([count]);
        let path = self.trail.path();
        let next = match self.average.values.remove(&path) {
            Some(average) => average * self.keep + value * (1.0 - self.keep),
            None => value,
        };
        self.average.values.insert(path, next);
    }
}

struct Replace<'a> {
    average: &'a Average,
    trail: Trail,
}

impl ModuleMapper for Replace<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.trail.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.trail.exit();
    }

    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.average.values.get(&self.trail.path()) {
            Some(average) => parameter.map(|value| average.clone().reshape(value.dims())),
            None => parameter,
        }
    }
}
