use std::path::Path;
use std::sync::Arc;

use burn::prelude::*;
use burn::tensor::{AllocationProperty, Bytes, DType, Element, bf16, f16};
use safetensors::Dtype;

use super::WeightsError;

/// The type in which weights rest on their device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Storage {
    /// That of the file, or F32 where the device cannot compute with it. On a CPU such weights stay in the
    /// mapped file.
    #[default]
    AsStored,
    /// 32 bits.
    F32,
    /// 16 bits, the mantissa of 10 bits: finite numbers above 65504 are refused.
    F16,
    /// 16 bits, the range of F32.
    Bf16,
}

impl Storage {
    /// The type in which a tensor stored as `stored` rests on `device`.
    pub(super) fn on(self, stored: DType, device: &Device) -> Result<DType, WeightsError> {
        let to = match self {
            Self::AsStored if device.supports_dtype(stored) => return Ok(stored),
            Self::AsStored | Self::F32 => DType::F32,
            Self::F16 => DType::F16,
            Self::Bf16 => DType::BF16,
        };
        match device.supports_dtype(to) {
            true => Ok(to),
            false => Err(WeightsError::Device { device: format!("{device:?}"), to }),
        }
    }
}

/// A tensor in a file.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(super) name: String,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    pub(super) bytes: bytes::Bytes,
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
        to: DType,
        device: &Device,
    ) -> Result<Tensor<D>, WeightsError> {
        let bytes = self.at_rest(to)?;
        let data = TensorData::from_bytes(bytes, shape, to);
        // GPU allocators keep what lives long apart from what comes and goes.
        Ok(device.memory_persistent_allocations(data, |data| Tensor::from_data(data, (device, to))))
    }

    /// The data in another type.
    pub(crate) fn at_rest(&self, to: DType) -> Result<Bytes, WeightsError> {
        let stored = self.float()?;
        if stored == to && self.is_usable_in_place(to) {
            return Ok(self.shared());
        }
        let converted = match to {
            DType::F16 => self.convert(stored, f16::from_f32, f16::is_infinite),
            DType::BF16 => self.convert(stored, bf16::from_f32, bf16::is_infinite),
            _ => self.convert(stored, |x| x, f32::is_infinite),
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

    /// The numbers in another type, or the first finite one that became infinite.
    fn convert<T: Element>(
        &self,
        stored: DType,
        narrow: impl Fn(f32) -> T,
        is_infinite: impl Fn(T) -> bool,
    ) -> Result<Bytes, f32> {
        let mut overflow = None;
        let mut checked = |x: f32| {
            let y = narrow(x);
            if is_infinite(y) && x.is_finite() {
                overflow.get_or_insert(x);
            }
            y
        };
        let numbers: Vec<T> = match stored {
            DType::F16 => self.chunks().map(|b| checked(f16::from_le_bytes(b).to_f32())).collect(),
            DType::BF16 => self.chunks().map(|b| checked(bf16::from_le_bytes(b).to_f32())).collect(),
            _ => self.chunks().map(|b| checked(f32::from_le_bytes(b))).collect(),
        };
        match overflow {
            Some(value) => Err(value),
            None => Ok(Bytes::from_elems(numbers)),
        }
    }

    fn chunks<const N: usize>(&self) -> impl ExactSizeIterator<Item = [u8; N]> {
        self.bytes.as_chunks().0.iter().copied()
    }
}
