use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::module::Param;
use burn::prelude::*;
use omnigen2_dit::{Dit, DitConfig};

use super::adapter::Adapter;
use super::attach::{attach, merge};
use super::error::LoraError;
use super::layers::layers;
use crate::weights::{ParameterVisitor, inventory, visit};

/// The adapters of a pipeline, shared with what loads its denoiser.
#[derive(Clone, Debug)]
pub(crate) struct Loras {
    device: Device,
    /// The transformer's configuration; `None`, where the denoiser is the caller's own.
    transformer: Option<DitConfig>,
    chosen: Arc<Mutex<Chosen>>,
}

#[derive(Debug, Default)]
struct Chosen {
    /// Adapters in the weights.
    merged: Vec<Adapter>,
    /// Adapters beside them.
    apart: Vec<Adapter>,
}

/// The memory that adapters take beside the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Taken {
    /// The share of the transformer's numbers that are copied to be changed.
    pub(crate) copied: f64,
    /// Bytes of factors.
    pub(crate) factors: u64,
}

impl Loras {
    pub(crate) fn new(device: &Device, transformer: Option<DitConfig>) -> Self {
        Self { device: device.clone(), transformer, chosen: Arc::default() }
    }

    /// Puts these into the weights.
    ///
    /// # Errors
    /// If one does not fit.
    pub(crate) fn merging(self, adapters: Vec<Adapter>) -> Result<Self, LoraError> {
        self.check(&adapters)?;
        self.chosen().merged = adapters;
        Ok(self)
    }

    /// Checks that these fit the transformer, if there are any.
    pub(crate) fn check(&self, adapters: &[Adapter]) -> Result<(), LoraError> {
        if adapters.is_empty() {
            return Ok(());
        }
        let dit = self.transformer.as_ref().ok_or(LoraError::OwnDenoiser)?.init(&self.device);
        adapters.iter().try_for_each(|adapter| adapter.check(&dit))
    }

    /// Tells whether some are in the weights.
    pub(crate) fn are_merged(&self) -> bool {
        !self.chosen().merged.is_empty()
    }

    /// Puts these beside the weights, in place of all that there are.
    pub(crate) fn set(&self, apart: Vec<Adapter>) {
        *self.chosen() = Chosen { merged: Vec::new(), apart };
    }

    /// A loaded transformer with what belongs into its weights. Beside those that rest packed it stays as it is: they
    /// would round it away.
    pub(crate) fn merge_into(&self, dit: Dit) -> Result<Dit, LoraError> {
        let merged = self.chosen().merged.clone();
        if merged.is_empty() {
            Ok(dit)
        } else if is_packed(&dit) {
            attach(dit, &merged)
        } else {
            merge(dit, &merged)
        }
    }

    /// The adapters beside the weights.
    pub(crate) fn apart(&self) -> Vec<Adapter> {
        self.chosen().apart.clone()
    }

    /// Those that change anything, each by its path and scale.
    pub(crate) fn acting(&self) -> Vec<String> {
        let chosen = self.chosen();
        let acting = chosen.merged.iter().chain(&chosen.apart).filter(|adapter| adapter.scale() != 0.0);
        acting.map(|adapter| format!("{} at {}", adapter.path().display(), adapter.scale())).collect()
    }

    pub(crate) fn taken(&self) -> Taken {
        let Some(transformer) = &self.transformer else { return Taken::default() };
        let chosen = self.chosen();
        let factors =
            chosen.apart.iter().map(|adapter| (adapter.parameters() * size_of::<f32>()) as u64).sum();
        let changed: BTreeSet<&str> = chosen.merged.iter().flat_map(Adapter::layers).collect();
        if changed.is_empty() {
            return Taken { copied: 0.0, factors };
        }
        let dit = transformer.init(&self.device);
        let copied = layers(&dit).filter(|layer| changed.contains(layer.name.as_str()));
        let copied: usize = copied.map(|layer| layer.shape.iter().product::<usize>()).sum();
        let all: usize = inventory(&dit).iter().map(|p| p.shape.iter().product::<usize>()).sum();
        Taken { copied: copied as f64 / all.max(1) as f64, factors }
    }

    fn chosen(&self) -> MutexGuard<'_, Chosen> {
        self.chosen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells whether matrices of a loaded transformer rest packed: their numbers are made when they are asked for.
fn is_packed(dit: &Dit) -> bool {
    struct Made(bool);

    impl ParameterVisitor for Made {
        fn visit<const D: usize>(&mut self, _: &str, parameter: &Param<Tensor<D>>) {
            self.0 &= parameter.is_initialized();
        }
    }

    let mut made = Made(true);
    visit(dit, &mut made);
    !made.0
}

#[cfg(test)]
mod tests {
    use omnigen2_rope::ops::Packed;
    use omnigen2_rope::ops::packed::Bits;

    use super::*;
    use crate::weights::{ParameterMapper, map};

    /// Makes every number, of matrices as packed ones if that is asked for.
    struct Make {
        packs: bool,
    }

    impl ParameterMapper for Make {
        fn map<const D: usize>(&mut self, _: &str, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let numbers = parameter.val();
            match parameter.lazy_shape().as_slice() {
                &[output, input] if self.packs => {
                    Packed::quantise(numbers.reshape([output, input]), Bits::Eight)
                        .into_parameter(parameter.id)
                }
                _ => Param::initialized(parameter.id, numbers),
            }
        }
    }

    #[test]
    fn packed_matrices_are_told_from_others() {
        for packs in [false, true] {
            let dit = map(DitConfig::tiny().init(&Device::flex()), &mut Make { packs });
            assert_eq!(is_packed(&dit), packs);
        }
    }
}
