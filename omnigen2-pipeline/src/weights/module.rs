use burn::module::{Module, ModuleVisitor, Param};
use burn::prelude::*;

/// A parameter of a module: where it is and how large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The names of the fields that lead to it, with dots between.
    pub path: String,
    /// Its axes.
    pub shape: Vec<usize>,
}

/// The float parameters of a module, in the order of its fields. Nothing is allocated or initialised.
pub fn inventory<M: Module>(module: &M) -> Vec<Parameter> {
    let mut inventory = Inventory::default();
    module.visit(&mut inventory);
    inventory.parameters
}

#[derive(Default)]
struct Inventory {
    trail: Trail,
    parameters: Vec<Parameter>,
}

impl ModuleVisitor for Inventory {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.trail.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.trail.exit();
    }

    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let shape = parameter.lazy_shape().to_vec();
        self.parameters.push(Parameter { path: self.trail.path(), shape });
    }
}

/// Where a walk through a module stands.
#[derive(Default)]
pub struct Trail(Vec<String>);

impl Trail {
    /// Enters a field or an element.
    pub fn enter(&mut self, name: &str, container: &str) {
        // The variant of an enum has no part in a checkpoint's names.
        let name = if container.starts_with("Enum:") { "" } else { name };
        self.0.push(name.to_owned());
    }

    /// Leaves what was entered last.
    pub fn exit(&mut self) {
        self.0.pop();
    }

    /// The path of what was entered, with dots.
    pub fn path(&self) -> String {
        let parts: Vec<&str> = self.0.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        parts.join(".")
    }
}
