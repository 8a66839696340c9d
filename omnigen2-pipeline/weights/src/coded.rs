//! Numbers that are stored as codes: floats of 8 bits, and integers in blocks.

use burn::tensor::{DType, bf16, f16};
use omnigen2_gguf::fp8;
use rayon::prelude::*;

use crate::convert::Number;
use crate::{Element, Entry, WeightsError};

/// Numbers that one thread decodes at a time, whole blocks of every kind.
const TASK: usize = 1 << 16;

impl Entry {
    /// Returns whether the elements are floats of 8 bits.
    pub(crate) fn is_narrow_float(&self) -> bool {
        matches!(self.element(), Element::F8E4m3 | Element::F8E5m2)
    }

    /// The tensor with every element multiplied by a scale, the only number of another tensor.
    pub(crate) fn scaled_by(&self, scale: &Self) -> Result<Self, WeightsError> {
        let bytes = scale.at_rest(DType::F32)?;
        let number =
            bytes.first_chunk().filter(|_| scale.parameters() == 1).map(|&bytes| f32::from_ne_bytes(bytes));
        match number.filter(|number| number.is_finite()) {
            Some(number) => Ok(self.clone().times(number)),
            None => Err(WeightsError::Scale {
                path: self.file().to_owned(),
                tensor: self.name().to_owned(),
                found: number
                    .map_or_else(|| format!("{} numbers", scale.parameters()), |number| number.to_string()),
            }),
        }
    }

    /// The numbers that codes of this tensor, whole blocks of them, stand for.
    pub(crate) fn decoded(&self, bytes: &[u8]) -> Vec<f32> {
        match self.element() {
            Element::F8E4m3 => {
                self.decoded_by(bytes, [1, 1], |bytes, numbers| fp8::decode(bytes, &fp8::E4M3, numbers))
            }
            Element::F8E5m2 => {
                self.decoded_by(bytes, [1, 1], |bytes, numbers| fp8::decode(bytes, &fp8::E5M2, numbers))
            }
            Element::Blocks(kind) => {
                let block = [kind.block_bytes(), kind.block_len()];
                self.decoded_by(bytes, block, |bytes, numbers| kind.dequantise(bytes, numbers))
            }
            _ => Vec::new(),
        }
    }

    fn decoded_by(
        &self,
        bytes: &[u8],
        [size, count]: [usize; 2],
        decode: impl Fn(&[u8], &mut [f32]) + Sync,
    ) -> Vec<f32> {
        let mut numbers = vec![0.0; bytes.len() / size * count];
        let parts = numbers.par_chunks_mut(TASK).zip(bytes.par_chunks(TASK / count * size));
        parts.for_each(|(numbers, bytes)| {
            decode(bytes, numbers);
            if self.scale() != 1.0 {
                numbers.iter_mut().for_each(|number| *number *= self.scale());
            }
        });
        numbers
    }

    /// The numbers of a part of this tensor, whole blocks of it.
    pub(crate) fn widened(&self, bytes: &[u8]) -> Vec<f32> {
        match self.element() {
            Element::F64 => {
                let numbers = bytes.as_chunks().0.iter();
                numbers.map(|&bytes| f64::from_le_bytes(bytes) as f32).collect()
            }
            Element::F32 => widened::<f32>(bytes),
            Element::F16 => widened::<f16>(bytes),
            Element::Bf16 => widened::<bf16>(bytes),
            _ => self.decoded(bytes),
        }
    }
}

fn widened<T: Number>(bytes: &[u8]) -> Vec<f32> {
    let mut numbers = vec![0.0; bytes.len() / T::SIZE];
    let parts = bytes.par_chunks(TASK * T::SIZE).zip(numbers.par_chunks_mut(TASK));
    parts.for_each(|(bytes, numbers)| T::widen(bytes, numbers));
    numbers
}
