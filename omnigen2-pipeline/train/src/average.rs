use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::prelude::*;

use omnigen2_pipeline::weights::{ParameterMapper, ParameterVisitor, map, visit};

/// The exponential moving average of the weights that are trained, each as one axis.
#[derive(Clone, Debug, Default)]
pub(crate) struct Average {
    pub(super) values: BTreeMap<String, Tensor<1>>,
}

impl Average {
    /// Moves every average towards its weight; the first time it is the weight.
    pub(crate) fn follow<M: Module>(&mut self, module: &M, keep: f64) {
        visit(module, &mut Follow { average: self, keep });
    }

    /// The module with averages in place of the weights that have one, off autodiff.
    pub(crate) fn of<M: Module>(&self, module: &M) -> M {
        map(module.valid(), &mut Replace { average: self })
    }
}

struct Follow<'a> {
    average: &'a mut Average,
    keep: f64,
}

impl ParameterVisitor for Follow<'_> {
    fn visit<const D: usize>(&mut self, path: &str, parameter: &Param<Tensor<D>>) {
        let value = parameter.val();
        if !value.is_require_grad() {
            return;
        }
        let count = value.dims().iter().product::<usize>();
        let value = value.inner().reshape([count]);
        let next = match self.average.values.remove(path) {
            Some(average) => average * self.keep + value * (1.0 - self.keep),
            None => value,
        };
        self.average.values.insert(path.to_owned(), next);
    }
}

struct Replace<'a> {
    average: &'a Average,
}

impl ParameterMapper for Replace<'_> {
    fn map<const D: usize>(&mut self, path: &str, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.average.values.get(path) {
            Some(average) => parameter.map(|value| average.clone().reshape(value.dims())),
            None => parameter,
        }
    }
}
