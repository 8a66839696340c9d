use std::iter::Sum;
use std::ops::Add;

use burn::module::Module;
use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_rope::ops::packed::Layout;
use serde::Serialize;

use crate::entry::type_on;
use crate::{Naming, Storage, WeightsError, inventory, is_cpu};

/// The room that weights take once they are loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rest {
    /// Bytes that the process or the device holds.
    pub held: u64,
    /// Bytes of mapped files, which the system may drop when memory is short and read again when they are needed.
    pub mapped: u64,
}

impl Rest {
    /// The room that a module's weights would take on a device, if files had them in F32, as published ones do. Nothing
    /// is allocated or initialised.
    ///
    /// # Errors
    /// If they cannot rest so.
    pub fn of<M: Module>(
        module: &M,
        naming: &Naming<'_>,
        storage: Storage,
        device: &Device,
    ) -> Result<Self, WeightsError> {
        let rest = |name: &str, shape: &[usize]| {
            if let (Some(bits), &[output, input]) = (naming.bits(name, shape, storage), shape) {
                let held = Layout::of(output, input, bits).bytes() as u64;
                return Ok(Self { held, mapped: 0 });
            }
            let to = type_on(DType::F32, shape, storage.of_floats(), device)?;
            let bytes = (shape.iter().product::<usize>() * to.size()) as u64;
            let is_mapped = is_cpu(device) && to == DType::F32;
            Ok(if is_mapped { Self { held: 0, mapped: bytes } } else { Self { held: bytes, mapped: 0 } })
        };
        inventory(module).iter().map(|of| rest(&naming.rename(&of.path), &of.shape)).sum()
    }

    /// All of it.
    pub fn total(self) -> u64 {
        self.held + self.mapped
    }
}

impl Add for Rest {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { held: self.held + other.held, mapped: self.mapped + other.mapped }
    }
}

impl Sum for Rest {
    fn sum<I: Iterator<Item = Self>>(rests: I) -> Self {
        rests.fold(Self::default(), Self::add)
    }
}
