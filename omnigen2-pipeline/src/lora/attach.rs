use burn::module::{Module, Param, Reparameterization, Reparameterizer};
use burn::prelude::*;
use omnigen2_dit::Dit;
use omnigen2_rope::ops::LowRank;

use super::adapter::{Adapter, Change};
use super::error::LoraError;
use super::layers::layer;
use crate::weights::{ParameterMapper, inventory, map};

/// Puts adapters on a transformer, beside its weights, which stay as they are and are shared with `dit`'s other clones:
/// to take the adapters off again, keep one of those. On a device that records gradients the factors learn, and nothing
/// else does.
///
/// # Errors
/// If an adapter does not fit, holds numbers that are none, or there are adapters on the transformer already.
pub fn attach(dit: Dit, adapters: &[Adapter]) -> Result<Dit, LoraError> {
    fit(&dit, adapters)?;
    put(dit, |layer, weight| changes(adapters, layer, &weight.lazy_device()))
}

/// Adds adapters to the weights of a transformer. Sums are computed in F32 and rest in the type of the weight, a copy
/// of it; weights that no adapter changes stay where they are.
///
/// Adapters that are [on](attach) a transformer are added to its weights by [`Module::materialize`].
///
/// # Errors
/// As [`attach`].
pub fn merge(dit: Dit, adapters: &[Adapter]) -> Result<Dit, LoraError> {
    fit(&dit, adapters)?;
    let mut failed = None;
    let dit = map(dit, &mut Merge { adapters, failed: &mut failed });
    failed.map_or(Ok(dit), Err)
}

fn fit(dit: &Dit, adapters: &[Adapter]) -> Result<(), LoraError> {
    adapters.iter().try_for_each(|adapter| adapter.check(dit))?;
    is_bare(dit)
}

fn is_bare(dit: &Dit) -> Result<(), LoraError> {
    let mark = format!(".{}.", LowRank::NAME);
    if inventory(dit).iter().any(|parameter| parameter.path.contains(&mark)) {
        Err(LoraError::Attached)
    } else {
        Ok(())
    }
}

fn changes(adapters: &[Adapter], layer: &str, device: &Device) -> Result<Option<LowRank>, LoraError> {
    let changes = adapters.iter().filter_map(|adapter| adapter.change(layer, device).transpose());
    Ok(Change::together(changes.collect::<Result<_, _>>()?))
}

/// Puts on the weight of each layer what `of` gives for its name, and freezes all else.
pub(super) fn put(
    dit: Dit,
    of: impl Fn(&str, &Param<Tensor<2>>) -> Result<Option<LowRank>, LoraError>,
) -> Result<Dit, LoraError> {
    is_bare(&dit)?;
    let mut failed = None;
    let dit = dit.apply_reparameterization(Put { of, failed: &mut failed });
    failed.map_or(Ok(dit), Err)
}

struct Put<'a, F> {
    of: F,
    failed: &'a mut Option<LoraError>,
}

impl<F: Fn(&str, &Param<Tensor<2>>) -> Result<Option<LowRank>, LoraError>> Reparameterizer for Put<'_, F> {
    type Reparam = LowRank;

    fn reparameterize<const D: usize>(
        &mut self,
        path: &str,
        parameter: Param<Tensor<D>>,
    ) -> (Param<Tensor<D>>, Option<LowRank>) {
        let parameter = parameter.set_require_grad(false);
        let matrix = (&parameter as &dyn std::any::Any).downcast_ref::<Param<Tensor<2>>>();
        let low_rank = match (matrix, layer(path)) {
            (Some(weight), Some(layer)) if self.failed.is_none() => (self.of)(&layer, weight),
            _ => Ok(None),
        };
        match low_rank {
            Ok(low_rank) => (parameter, low_rank),
            Err(error) => {
                *self.failed = Some(error);
                (parameter, None)
            }
        }
    }
}

struct Merge<'a> {
    adapters: &'a [Adapter],
    failed: &'a mut Option<LoraError>,
}

impl Merge<'_> {
    fn change<const D: usize>(
        &self,
        path: &str,
        parameter: &Param<Tensor<D>>,
    ) -> Result<Option<LowRank>, LoraError> {
        match layer(path) {
            Some(layer) if D == 2 && self.failed.is_none() => {
                changes(self.adapters, &layer, &parameter.lazy_device())
            }
            _ => Ok(None),
        }
    }
}

impl ParameterMapper for Merge<'_> {
    fn map<const D: usize>(&mut self, path: &str, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.change(path, &parameter) {
            Ok(None) => parameter,
            Ok(Some(low_rank)) => parameter.map(|weight| {
                let learns = weight.is_require_grad();
                let merged = low_rank.apply(weight).detach();
                if learns { merged.require_grad() } else { merged }
            }),
            Err(error) => {
                *self.failed = Some(error);
                parameter
            }
        }
    }
}
