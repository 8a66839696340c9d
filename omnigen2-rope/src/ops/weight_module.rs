//! How a [`Weight`] looks to visitors and mappers of modules. Not derived: a derived module would enter itself, and
//! parameters would get another name.

use burn::module::{
    Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor, Param,
};
use burn::prelude::*;

use super::attach::attach;
use super::weight::{PackedRest, Rest};
use super::{LowRank, Weight};

impl Weight {
    fn map_rest(
        self,
        float: impl FnOnce(Param<Tensor<2>>) -> Param<Tensor<2>>,
        packed: impl FnOnce(PackedRest) -> PackedRest,
    ) -> Self {
        match self.rest {
            Rest::Float(weight) => Self::from(float(weight)).rounding_if(self.is_rounding),
            Rest::Packed(rest) => packed(*rest).into(),
        }
    }

    fn rounding_if(self, is_rounding: bool) -> Self {
        Self { is_rounding: self.is_rounding || is_rounding, ..self }
    }
}

impl PackedRest {
    /// The parameter of these numbers, with what stands beside it.
    pub(super) fn parameter(&self) -> Param<Tensor<2>> {
        let parameter = self.packed.lazy(self.id);
        match self.low_rank.clone() {
            Some(low_rank) => attach(low_rank, parameter),
            None => parameter,
        }
    }

    fn map_parts(
        self,
        packed: impl FnOnce(super::Packed) -> super::Packed,
        low_rank: impl FnOnce(LowRank) -> LowRank,
    ) -> Self {
        Self { packed: packed(self.packed), low_rank: self.low_rank.map(low_rank), ..self }
    }

    /// What a mapper made of the parameter. One that left the numbers alone left them packed.
    fn mapped(self, parameter: Param<Tensor<2>>) -> Weight {
        if parameter.id != self.id || parameter.is_initialized() {
            return parameter.into();
        }
        let low_rank = parameter.reparameterization::<LowRank>().cloned();
        Self { low_rank, ..self }.into()
    }
}

impl Module for Weight {
    fn collect_devices(&self, devices: Devices) -> Devices {
        match &self.rest {
            Rest::Float(weight) => weight.collect_devices(devices),
            Rest::Packed(rest) => rest.low_rank.collect_devices(rest.packed.collect_devices(devices)),
        }
    }

    fn fork(self, device: &Device) -> Self {
        self.map_rest(
            |weight| weight.fork(device),
            |rest| rest.map_parts(|x| x.fork(device), |x| x.fork(device)),
        )
    }

    fn to_device(self, device: &Device) -> Self {
        let float = |weight: Param<Tensor<2>>| weight.to_device(device);
        self.map_rest(float, |rest| rest.map_parts(|x| x.to_device(device), |x| x.to_device(device)))
    }

    fn train(self) -> Self {
        self.map_rest(Module::train, |rest| rest.map_parts(Module::train, Module::train))
    }

    fn valid(&self) -> Self {
        match &self.rest {
            Rest::Float(weight) => Self::from(weight.valid()).rounding_if(self.is_rounding),
            Rest::Packed(rest) => {
                let PackedRest { id, packed, low_rank } = &**rest;
                PackedRest { id: *id, packed: packed.valid(), low_rank: low_rank.valid() }.into()
            }
        }
    }

    fn materialize(self) -> Self {
        match self.rest {
            Rest::Packed(rest) if rest.low_rank.is_some() => rest.parameter().materialize().into(),
            _ => self.map_rest(Module::materialize, |rest| rest),
        }
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        match &self.rest {
            Rest::Float(weight) => Module::visit(weight, visitor),
            Rest::Packed(rest) => Module::visit(&rest.parameter(), visitor),
        }
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        match self.rest {
            Rest::Float(weight) => Self::from(Module::map(weight, mapper)).rounding_if(self.is_rounding),
            Rest::Packed(rest) => {
                let parameter = Module::map(rest.parameter(), mapper);
                rest.mapped(parameter)
            }
        }
    }
}

impl ModuleDisplayDefault for Weight {
    fn content(&self, content: Content) -> Option<Content> {
        match &self.rest {
            Rest::Float(weight) => ModuleDisplayDefault::content(weight, content),
            Rest::Packed(rest) => {
                let layout = rest.packed.layout();
                content.add_formatted(&format!("Packed {{{layout:?}}}")).optional()
            }
        }
    }
}

impl ModuleDisplay for Weight {}
