//! Where the parts of a block stand, as `blocks::k` reads them.

use half::f16;

use super::parts::{NUMBERS, Parts};

type Values = [u8; NUMBERS];

pub(super) fn q2_k(parts: &Parts, block: &mut [u8]) {
    for (byte, (scale, offset)) in block.iter_mut().zip(parts.scales.iter().zip(parts.offsets)) {
        *byte = *scale as u8 | offset << 4;
    }
    pairs(&parts.above(0), &mut block[16..80]);
    put(block, 80, parts.scale);
    put(block, 82, parts.offset);
}

pub(super) fn q3_k(parts: &Parts, block: &mut [u8]) {
    let values = parts.above(-4);
    bits(&values.map(|value| value >> 2), &mut block[..32]);
    pairs(&values, &mut block[32..96]);
    let scales = parts.scales.map(|scale| (scale + 32) as u8);
    for (at, byte) in block[96..104].iter_mut().enumerate() {
        *byte = scales[at] & 15 | scales[at + 8] << 4;
    }
    for (at, byte) in block[104..108].iter_mut().enumerate() {
        *byte = (0..4).fold(0, |bits, row| bits | scales[at + 4 * row] >> 4 << (2 * row));
    }
    put(block, 108, parts.scale);
}

pub(super) fn q4_k(parts: &Parts, block: &mut [u8]) {
    sixes(parts, block);
    nibbles::<32>(&parts.above(0), &mut block[16..]);
}

pub(super) fn q5_k(parts: &Parts, block: &mut [u8]) {
    let values = parts.above(0);
    sixes(parts, block);
    bits(&values.map(|value| value >> 4), &mut block[16..48]);
    nibbles::<32>(&values, &mut block[48..]);
}

pub(super) fn q6_k(parts: &Parts, block: &mut [u8]) {
    let values = parts.above(-32);
    nibbles::<64>(&values, &mut block[..128]);
    pairs(&values.map(|value| value >> 4), &mut block[128..192]);
    for (byte, scale) in block[192..208].iter_mut().zip(parts.scales) {
        *byte = scale as u8;
    }
    put(block, 208, parts.scale);
}

impl Parts {
    /// The values, counted from the least one.
    fn above(&self, least: i8) -> Values {
        self.values.map(|value| (value - least) as u8)
    }
}

fn put(block: &mut [u8], at: usize, number: f16) {
    block[at..at + 2].copy_from_slice(&number.to_le_bytes());
}

/// Scale, offset, and 6 bits for the scale and the offset of each of 8 runs.
fn sixes(parts: &Parts, block: &mut [u8]) {
    let (scales, offsets) = (parts.scales.map(|scale| scale as u8), parts.offsets);
    put(block, 0, parts.scale);
    put(block, 2, parts.offset);
    for run in 0..4 {
        block[4 + run] = scales[run] | scales[run + 4] >> 4 << 6;
        block[8 + run] = offsets[run] | offsets[run + 4] >> 4 << 6;
        block[12 + run] = scales[run + 4] & 15 | offsets[run + 4] << 4;
    }
}

fn nibbles<const N: usize>(values: &Values, bytes: &mut [u8]) {
    for (values, bytes) in values.chunks_exact(2 * N).zip(bytes.as_chunks_mut::<N>().0) {
        let (low, high) = values.split_at(N);
        for ((low, high), byte) in low.iter().zip(high).zip(bytes) {
            *byte = low & 15 | high << 4;
        }
    }
}

fn pairs(values: &Values, bytes: &mut [u8]) {
    for (values, bytes) in values.as_chunks::<128>().0.iter().zip(bytes.as_chunks_mut::<32>().0) {
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = (0..4).fold(0, |bits, pair| bits | (values[at + 32 * pair] & 3) << (2 * pair));
        }
    }
}

fn bits(values: &Values, bytes: &mut [u8]) {
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = (0..8).fold(0, |bits, bit| bits | (values[at + 32 * bit] & 1) << bit);
    }
}
