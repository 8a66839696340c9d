//! Numbers that are no blocks.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use super::Format;

/// The number of numbers that are converted at once, by instructions where the processor has them.
const AT_ONCE: usize = 64;

pub(crate) const F32: Format =
    Format { name: "F32", id: 0, numbers: 1, bytes: 4, dequantise: from_f32, integers: None };
pub(crate) const F16: Format =
    Format { name: "F16", id: 1, numbers: 1, bytes: 2, dequantise: from_f16, integers: None };
pub(crate) const BF16: Format =
    Format { name: "BF16", id: 30, numbers: 1, bytes: 2, dequantise: from_bf16, integers: None };

fn from_f32(bytes: &[u8], numbers: &mut [f32]) {
    for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks().0) {
        *number = f32::from_le_bytes(*bytes);
    }
}

fn from_f16(bytes: &[u8], numbers: &mut [f32]) {
    let mut halves = [f16::ZERO; AT_ONCE];
    for (numbers, bytes) in numbers.chunks_mut(AT_ONCE).zip(bytes.chunks(2 * AT_ONCE)) {
        let halves = &mut halves[..numbers.len()];
        for (half, bytes) in halves.iter_mut().zip(bytes.as_chunks().0) {
            *half = f16::from_le_bytes(*bytes);
        }
        halves.convert_to_f32_slice(numbers);
    }
}

fn from_bf16(bytes: &[u8], numbers: &mut [f32]) {
    for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks().0) {
        *number = bf16::from_le_bytes(*bytes).to_f32();
    }
}
