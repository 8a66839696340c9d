use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::prelude::*;

/// A visitor of the float parameters of a module, each with the path of its fields.
pub trait ParameterVisitor {
    /// Visits the parameter at a path: the names of the fields that lead to it, with dots between.
    fn visit<const D: usize>(&mut self, path: &str, parameter: &Param<Tensor<D>>);
}

/// A mapper of the float parameters of a module, each with the path of its fields.
pub trait ParameterMapper {
    /// Maps the parameter at a path: the names of the fields that lead to it, with dots between.
    fn map<const D: usize>(&mut self, path: &str, parameter: Param<Tensor<D>>) -> Param<Tensor<D>>;
}

/// Visits the float parameters of a module, in the order of its fields. None is initialised by that.
pub fn visit<M: Module>(module: &M, visitor: &mut impl ParameterVisitor) {
    module.visit(&mut Walk { fields: Vec::new(), inner: visitor });
}

/// Maps the float parameters of a module, in the order of its fields. None is initialised by that.
pub fn map<M: Module>(module: M, mapper: &mut impl ParameterMapper) -> M {
    module.map(&mut Walk { fields: Vec::new(), inner: mapper })
}

/// A parameter of a module: where it is and how large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The names of the fields that lead to the parameter, with dots between.
    pub path: String,
    /// The axes.
    pub shape: Vec<usize>,
}

/// The float parameters of a module, in the order of its fields. Nothing is allocated or initialised.
pub fn inventory<M: Module>(module: &M) -> Vec<Parameter> {
    let mut inventory = Inventory(Vec::new());
    visit(module, &mut inventory);
    inventory.0
}

struct Inventory(Vec<Parameter>);

impl ParameterVisitor for Inventory {
    fn visit<const D: usize>(&mut self, path: &str, parameter: &Param<Tensor<D>>) {
        self.0.push(Parameter { path: path.to_owned(), shape: parameter.lazy_shape().to_vec() });
    }
}

/// A walk through a module: where it stands, and for whom it goes.
struct Walk<'a, I> {
    fields: Vec<String>,
    inner: &'a mut I,
}

impl<I> Walk<'_, I> {
    fn enter(&mut self, name: &str, container: &str) {
        // The variant of an enum has no part in a checkpoint's names.
        let name = if container.starts_with("Enum:") { "" } else { name };
        self.fields.push(name.to_owned());
    }

    fn exit(&mut self) {
        self.fields.pop();
    }

    fn path(&self) -> String {
        let named: Vec<&str> =
            self.fields.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        named.join(".")
    }
}

impl<V: ParameterVisitor> ModuleVisitor for Walk<'_, V> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.exit();
    }

    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        self.inner.visit(&self.path(), parameter);
    }
}

impl<M: ParameterMapper> ModuleMapper for Walk<'_, M> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.exit();
    }

    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.path();
        self.inner.map(&path, parameter)
    }
}
