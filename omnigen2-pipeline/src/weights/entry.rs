use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use burn::prelude::*;
use burn::tensor::{AllocationProperty, Bytes, DType, bf16, f16};
use safetensors::Dtype;

use super::convert::{Number, convert};
use super::file::Held;
use super::{Rest, Storage, WeightsError};
use crate::device::is_cpu;

/// A tensor in a file.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(super) name: String,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    pub(super) bytes: bytes::Bytes,
    /// Where the bytes begin in the map.
    pub(super) start: usize,
    pub(super) map: Arc<Held>,
    pub(super) file: Arc<Path>,
}

impl Entry {
    /// Its axes.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The name of its type, as the file has it.
    pub fn type_name(&self) -> String {
        self.dtype.to_string()
    }

    /// The file in which it is.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Its data, a part of the mapped file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many numbers it has.
    pub fn parameters(&self) -> usize {
        self.shape.iter().product()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// The data as they are, not copied.
    pub(crate) fn shared(&self) -> Bytes {
        Bytes::from_shared(self.bytes.clone(), AllocationProperty::File)
    }

    pub(crate) fn float(&self) -> Result<DType, WeightsError> {
        match self.dtype {
            Dtype::F32 => Ok(DType::F32),
            Dtype::F16 => Ok(DType::F16),
            Dtype::BF16 => Ok(DType::BF16),
            _ => Err(WeightsError::Type {
                path: self.file.to_path_buf(),
                tensor: self.name.clone(),
                found: self.type_name(),
            }),
        }
    }

    /// The tensor on a device; `shape` has as many numbers as the entry.
    pub(super) fn tensor<const D: usize>(
        &self,
        shape: [usize; D],
        storage: Storage,
        device: &Device,
    ) -> Result<Tensor<D>, WeightsError> {
        let to = storage.on(self, device)?;
        if self.rests_in_file(to, device) {
            self.map.read_ahead(self.span());
        }
        let AtRest { bytes, to } = match self.at_rest(to) {
            Err(WeightsError::Overflow { .. }) if storage == Storage::Auto => {
                let tensor = &self.name;
                tracing::info!(tensor, "rests in F32: {to:?} cannot hold all its numbers");
                AtRest { bytes: self.at_rest(DType::F32)?, to: DType::F32 }
            }
            bytes => AtRest { bytes: bytes?, to },
        };
        let data = TensorData::from_bytes(bytes, shape, to);
        // GPU allocators keep what lives long apart from what comes and goes.
        let tensor = device.memory_persistent_allocations(data, |data| Tensor::from_data(data, (device, to)));
        if !is_cpu(device) {
            self.map.give_back(self.span());
        }
        Ok(tensor)
    }

    /// Where it lies in the map.
    fn span(&self) -> Range<usize> {
        self.start..self.start + self.bytes.len()
    }

    /// Where and how much room the tensor takes on a device.
    pub(crate) fn rest(&self, storage: Storage, device: &Device) -> Result<Rest, WeightsError> {
        let to = storage.on(self, device)?;
        let bytes = (self.parameters() * to.size()) as u64;
        Ok(match self.rests_in_file(to, device) {
            true => Rest { held: 0, mapped: bytes },
            false => Rest { held: bytes, mapped: 0 },
        })
    }

    /// Whether it is used where it lies, in the mapped file.
    fn rests_in_file(&self, to: DType, device: &Device) -> bool {
        is_cpu(device) && self.float().is_ok_and(|stored| stored == to) && self.is_usable_in_place(to)
    }

    /// The data in another type.
    pub(crate) fn at_rest(&self, to: DType) -> Result<Bytes, WeightsError> {
        let stored = self.float()?;
        if stored == to && self.is_usable_in_place(to) {
            return Ok(self.shared());
        }
        self.map.read_ahead(self.span());
        let converted = match to {
            DType::F16 => self.converted::<f16>(stored),
            DType::BF16 => self.converted::<bf16>(stored),
            _ => self.converted::<f32>(stored),
        };
        converted.map_err(|value| WeightsError::Overflow {
            path: self.file.to_path_buf(),
            tensor: self.name.clone(),
            value,
            to,
        })
    }

    fn is_usable_in_place(&self, dtype: DType) -> bool {
        cfg!(target_endian = "little") && self.bytes.as_ptr().addr().is_multiple_of(dtype.size())
    }

    /// The numbers in another type, or the first finite one that it cannot hold. What was read goes back to the
    /// system, so that file and result are never in memory together.
    fn converted<T: Number>(&self, stored: DType) -> Result<Bytes, f32> {
        let done = |read: Range<usize>| self.map.give_back(self.start + read.start..self.start + read.end);
        match stored {
            DType::F16 => convert::<f16, T>(&self.bytes, done),
            DType::BF16 => convert::<bf16, T>(&self.bytes, done),
            _ => convert::<f32, T>(&self.bytes, done),
        }
    }
}

struct AtRest {
    bytes: Bytes,
    to: DType,
}
