use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use burn::prelude::*;
use burn::tensor::{AllocationProperty, Bytes, DType, bf16, f16};

use crate::convert::{Number, convert, narrow};
use crate::{Element, Naming, Rest, Storage, StoredTensor, WeightsError, is_cpu};

/// A tensor in a file.
#[derive(Clone, Debug)]
pub struct Entry {
    stored: StoredTensor,
    file: Arc<Path>,
    /// The factor of every element.
    scale: f32,
}

impl Entry {
    /// A tensor of a file, if it has as many bytes as its type and shape say.
    pub(crate) fn new(stored: StoredTensor, file: Arc<Path>) -> Result<Self, WeightsError> {
        let found = stored.data.bytes().len();
        let StoredTensor { element, shape, .. } = &stored;
        let count = shape.iter().try_fold(1_usize, |product, &axis| product.checked_mul(axis));
        let expected = count.and_then(|count| element.bytes_of(count).unwrap_or(Some(found)));
        if expected == Some(found) {
            return Ok(Self { stored, file, scale: 1.0 });
        }
        let StoredTensor { name: tensor, element, shape, .. } = stored;
        Err(WeightsError::Size { path: file.to_path_buf(), tensor, element, shape, found })
    }

    /// The axes.
    pub fn shape(&self) -> &[usize] {
        &self.stored.shape
    }

    /// The name of the type, as the file has it.
    pub fn type_name(&self) -> String {
        self.stored.element.to_string()
    }

    /// The file in which it is.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The data, a part of the mapped file.
    pub fn bytes(&self) -> &[u8] {
        self.stored.data.bytes()
    }

    /// The factor of every element.
    pub(crate) fn scale(&self) -> f32 {
        self.scale
    }

    pub(crate) fn times(self, scale: f32) -> Self {
        Self { scale, ..self }
    }

    /// The number of elements.
    pub fn parameters(&self) -> usize {
        self.stored.shape.iter().product()
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.stored.name
    }

    /// The type of the elements.
    pub fn element(&self) -> &Element {
        &self.stored.element
    }

    /// The data as they are, copied only where their file may be cut off.
    ///
    /// # Errors
    /// If their file was cut off.
    pub fn shared(&self) -> Result<Bytes, WeightsError> {
        let data = &self.stored.data;
        let held = if data.is_copied() { AllocationProperty::Other } else { AllocationProperty::File };
        Ok(Bytes::from_shared(data.kept()?, held))
    }

    /// The float type.
    ///
    /// # Errors
    /// If it is of a type that is not read.
    pub fn float(&self) -> Result<DType, WeightsError> {
        self.stored.element.float().ok_or_else(|| self.unread())
    }

    /// The error of a type that is not read.
    pub(crate) fn unread(&self) -> WeightsError {
        WeightsError::Type {
            path: self.file.to_path_buf(),
            tensor: self.name().to_owned(),
            found: self.stored.element.clone(),
        }
    }

    /// The tensor on a device; `shape` has as many numbers as the entry.
    pub(crate) fn tensor<const D: usize>(
        &self,
        shape: [usize; D],
        storage: Storage,
        device: &Device,
    ) -> Result<Tensor<D>, WeightsError> {
        let to = self.type_on(storage, device)?;
        if self.rests_in_file(to, device) {
            self.stored.data.read_ahead();
        }
        let AtRest { bytes, to } = match self.at_rest(to) {
            Err(WeightsError::Overflow { .. }) if storage == Storage::Auto => {
                let tensor = self.name();
                tracing::info!(tensor, "rests in F32: {to:?} cannot hold all its numbers");
                AtRest { bytes: self.at_rest(DType::F32)?, to: DType::F32 }
            }
            bytes => AtRest { bytes: bytes?, to },
        };
        let data = TensorData::from_bytes(bytes, shape, to);
        // GPU allocators keep what lives long apart from what comes and goes.
        let tensor = device.memory_persistent_allocations(data, |data| Tensor::from_data(data, (device, to)));
        if !is_cpu(device) {
            self.stored.data.give_back(0..self.bytes().len());
        }
        Ok(tensor)
    }

    fn type_on(&self, storage: Storage, device: &Device) -> Result<DType, WeightsError> {
        type_on(self.float()?, self.shape(), storage, device)
    }

    /// The room that the tensor takes on a device.
    ///
    /// # Errors
    /// If it is of a type that is not read, or cannot rest so.
    pub fn rest(&self, naming: &Naming<'_>, storage: Storage, device: &Device) -> Result<Rest, WeightsError> {
        if let Some(packing) = self.packing(naming, storage, device) {
            return Ok(Rest { held: packing.bytes() as u64, mapped: 0 });
        }
        let to = self.type_on(storage.of_floats(), device)?;
        let bytes = (self.parameters() * to.size()) as u64;
        Ok(if self.rests_in_file(to, device) {
            Rest { held: 0, mapped: bytes }
        } else {
            Rest { held: bytes, mapped: 0 }
        })
    }

    /// Tells whether the tensor is used where it lies, in the mapped file.
    fn rests_in_file(&self, to: DType, device: &Device) -> bool {
        is_cpu(device)
            && !self.stored.data.is_copied()
            && self.stored.element.plain() == Some(to)
            && self.is_usable_in_place(to)
    }

    /// The data in another type.
    ///
    /// # Errors
    /// If it is of a type that is not read, or has a finite number that the other type cannot hold.
    pub fn at_rest(&self, to: DType) -> Result<Bytes, WeightsError> {
        let from = &self.stored.element;
        if from.plain() == Some(to) && self.is_usable_in_place(to) {
            return self.shared();
        }
        if *from != Element::F64 {
            self.float()?;
        }
        self.stored.data.read_ahead();
        let source = self.stored.data.kept()?;
        let converted = match to {
            DType::F16 => self.converted::<f16>(&source),
            DType::BF16 => self.converted::<bf16>(&source),
            _ => self.converted::<f32>(&source),
        };
        converted.map_err(|value| WeightsError::Overflow {
            path: self.file.to_path_buf(),
            tensor: self.name().to_owned(),
            value,
            to,
        })
    }

    /// The first number that is none, or infinite.
    ///
    /// # Errors
    /// As [`at_rest`](Self::at_rest).
    pub fn not_finite(&self) -> Result<Option<f32>, WeightsError> {
        let numbers = self.at_rest(DType::F32)?;
        let mut numbers = numbers.as_chunks().0.iter().map(|&number| f32::from_ne_bytes(number));
        Ok(numbers.find(|number| !number.is_finite()))
    }

    /// The data, to be read from first to last.
    pub(crate) fn source(&self) -> Result<bytes::Bytes, WeightsError> {
        self.stored.data.read_ahead();
        Ok(self.stored.data.kept()?)
    }

    /// Takes what was read out of this process.
    pub(crate) fn give_back(&self, read: Range<usize>) {
        self.stored.data.give_back(read);
    }

    fn is_usable_in_place(&self, dtype: DType) -> bool {
        cfg!(target_endian = "little") && self.bytes().as_ptr().addr().is_multiple_of(dtype.size())
    }

    /// The numbers in another type, or the first finite one that it cannot hold. What was read goes back to the
    /// system, so that file and result are never in memory together.
    fn converted<T: Number>(&self, bytes: &[u8]) -> Result<Bytes, f64> {
        let done = |read: Range<usize>| self.stored.data.give_back(read);
        match &self.stored.element {
            Element::F16 => convert::<f16, T>(bytes, done).map_err(f64::from),
            Element::Bf16 => convert::<bf16, T>(bytes, done).map_err(f64::from),
            Element::F64 => narrow::<T>(bytes),
            Element::F32 => convert::<f32, T>(bytes, done).map_err(f64::from),
            _ => {
                let numbers = self.decoded(bytes);
                done(0..bytes.len());
                convert::<f32, T>(bytemuck::cast_slice(&numbers), |_| ()).map_err(f64::from)
            }
        }
    }
}

struct AtRest {
    bytes: Bytes,
    to: DType,
}

/// The type in which a tensor rests on a device. Under [`Storage::Auto`] it is F32 instead where a number
/// would overflow.
pub(crate) fn type_on(
    stored: DType,
    shape: &[usize],
    storage: Storage,
    device: &Device,
) -> Result<DType, WeightsError> {
    let has = |dtype| device.supports_dtype(dtype);
    let to = match storage {
        Storage::Auto if is_cpu(device) && has(DType::BF16) => storage.in_file(stored, shape),
        Storage::Auto if stored == DType::BF16 && !has(DType::BF16) && has(DType::F16) => DType::F16,
        Storage::Auto | Storage::AsStored if has(stored) => stored,
        Storage::Auto | Storage::AsStored => DType::F32,
        asked => asked.in_file(stored, shape),
    };
    if has(to) { Ok(to) } else { Err(WeightsError::Device { device: format!("{device:?}"), to }) }
}
