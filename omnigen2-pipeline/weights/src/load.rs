use std::collections::HashSet;

use burn::module::{Module, Param};
use burn::prelude::*;
use omnigen2_rope::ops::Packed;
use omnigen2_rope::ops::packed::Kernels;

use crate::walk::{Parameter, ParameterMapper, inventory, map};
use crate::{Archive, Entry, LoadReport, Mismatch, Naming, Storage, WeightsError};

impl Archive {
    /// Compares the tensors here with the parameters of `module`. Nothing is allocated or initialised.
    pub fn check<M: Module>(&self, module: &M, naming: &Naming<'_>) -> LoadReport {
        self.plan(module, naming).report(self, naming)
    }

    /// Gives a module, fresh from its `init`, its parameters: tensor by tensor, on the module's device, never
    /// initialising one. A tensor fits a parameter of the same shape, and one without its last axes of 1: a
    /// convolution of one pixel is a matrix.
    ///
    /// # Errors
    /// If any parameter is missing, has another shape, or any tensor is left over, all of which the report
    /// lists; if a tensor is of a type that is not read, or cannot be had in the type asked for; if the environment names
    /// instructions that this processor has not.
    pub fn load<M: Module>(
        &self,
        module: M,
        naming: &Naming<'_>,
        storage: Storage,
    ) -> Result<M, WeightsError> {
        Kernels::chosen()?;
        let plan = self.plan(&module, naming);
        let report = plan.report(self, naming);
        if !report.is_empty() {
            let (path, component) = (self.path().to_owned(), naming.component.to_owned());
            return Err(WeightsError::Report { path, component, report: report.into() });
        }
        for wanted in &plan.wanted {
            self.get(&wanted.name).map(Entry::float).transpose()?;
        }
        let mut fill = Fill { archive: self, naming, prefix: plan.prefix, storage, error: None };
        let module = map(module, &mut fill);
        fill.error.map_or(Ok(module), Err)
    }

    fn plan<'a, M: Module>(&self, module: &M, naming: &Naming<'a>) -> Plan<'a> {
        let parameters = inventory(module);
        let found = |prefix: &str| {
            let names = parameters.iter().map(|parameter| naming.name(prefix, &parameter.path));
            names.filter(|name| self.contains(name)).count()
        };
        let prefix = naming.prefixes.iter().copied().max_by_key(|prefix| found(prefix)).unwrap_or("");
        let wanted = parameters.into_iter();
        let wanted = wanted.map(|parameter| Wanted { name: naming.name(prefix, &parameter.path), parameter });
        Plan { prefix, wanted: wanted.collect() }
    }
}

struct Plan<'a> {
    prefix: &'a str,
    wanted: Vec<Wanted>,
}

struct Wanted {
    name: String,
    parameter: Parameter,
}

impl Plan<'_> {
    fn report(&self, archive: &Archive, naming: &Naming<'_>) -> LoadReport {
        let mut report = LoadReport::default();
        for Wanted { name, parameter } in &self.wanted {
            match archive.get(name) {
                None => report.missing.push(name.clone()),
                Some(entry) if fits(entry, &parameter.shape) => {}
                Some(entry) => report.mismatched.push(Mismatch {
                    tensor: name.clone(),
                    expected: parameter.shape.clone(),
                    found: entry.shape().to_vec(),
                }),
            }
        }
        let used: HashSet<&str> = self.wanted.iter().map(|wanted| wanted.name.as_str()).collect();
        let left = archive.with_prefix(self.prefix).map(|(name, _)| name);
        let left = left.filter(|name| !used.contains(name) && !naming.ignores(name));
        report.unexpected = left.map(str::to_owned).collect();
        report
    }
}

fn fits(entry: &Entry, shape: &[usize]) -> bool {
    entry.shape().strip_prefix(shape).is_some_and(|rest| rest.iter().all(|&axis| axis == 1))
}

struct Fill<'a> {
    archive: &'a Archive,
    naming: &'a Naming<'a>,
    prefix: &'a str,
    storage: Storage,
    error: Option<WeightsError>,
}

impl Fill<'_> {
    fn parameter<const D: usize>(
        &self,
        path: &str,
        parameter: &Param<Tensor<D>>,
    ) -> Result<Param<Tensor<D>>, WeightsError> {
        let name = self.naming.name(self.prefix, path);
        let missing =
            || WeightsError::NoTensor { path: self.archive.path().to_owned(), tensor: name.clone() };
        let entry = self.archive.get(&name).ok_or_else(missing)?;
        let device = parameter.lazy_device();
        if let Some(packing) = entry.packing(self.naming, self.storage, &device).filter(|_| D == 2)
            && let Some(packed) = entry.packed(packing)?
        {
            return Ok(Packed::new(packed, &device).into_parameter(parameter.id));
        }
        let tensor = entry.tensor(parameter.lazy_shape().dims(), self.storage.of_floats(), &device)?;
        let id = parameter.id;
        Ok(parameter.clone().transform_for_load(tensor, id))
    }
}

impl ParameterMapper for Fill<'_> {
    fn map<const D: usize>(&mut self, path: &str, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return parameter;
        }
        match self.parameter(path, &parameter) {
            Ok(loaded) => loaded,
            Err(error) => {
                self.error = Some(error);
                parameter
            }
        }
    }
}
