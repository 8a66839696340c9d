//! Blocks of 32 numbers with one scale, and one offset or none.

use std::ops::RangeInclusive;

use super::{Block, Format, half};

pub(crate) const Q8_0: Format = Format::of(&Eight);
pub(crate) const Q4_0: Format = Format::of(&Four);
pub(crate) const Q4_1: Format = Format::of(&FourOffset);
pub(crate) const Q5_0: Format = Format::of(&Five);
pub(crate) const Q5_1: Format = Format::of(&FiveOffset);

/// The bits of a byte.
const BITS: [u8; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

struct Eight;

impl Block<34, 32, 1> for Eight {
    const NAME: &'static str = "Q8_0";
    const ID: u32 = 8;
    const RANGE: RangeInclusive<i8> = -128..=127;

    fn values(block: &[u8; 34], values: &mut [i8; 32]) {
        for (value, byte) in values.iter_mut().zip(&block[2..]) {
            *value = *byte as i8;
        }
    }

    fn scales(block: &[u8; 34]) -> [f32; 1] {
        [half(block, 0)]
    }
}

struct Four;

impl Block<18, 32, 1> for Four {
    const NAME: &'static str = "Q4_0";
    const ID: u32 = 2;
    const RANGE: RangeInclusive<i8> = -8..=7;

    fn values(block: &[u8; 18], values: &mut [i8; 32]) {
        nibbles(&block[2..], values);
        for value in values {
            *value -= 8;
        }
    }

    fn scales(block: &[u8; 18]) -> [f32; 1] {
        [half(block, 0)]
    }
}

struct FourOffset;

impl Block<20, 32, 1> for FourOffset {
    const NAME: &'static str = "Q4_1";
    const ID: u32 = 3;
    const RANGE: RangeInclusive<i8> = 0..=15;
    const HAS_OFFSETS: bool = true;

    fn values(block: &[u8; 20], values: &mut [i8; 32]) {
        nibbles(&block[4..], values);
    }

    fn scales(block: &[u8; 20]) -> [f32; 1] {
        [half(block, 0)]
    }

    fn offsets(block: &[u8; 20]) -> [f32; 1] {
        [half(block, 2)]
    }
}

struct Five;

impl Block<22, 32, 1> for Five {
    const NAME: &'static str = "Q5_0";
    const ID: u32 = 6;
    const RANGE: RangeInclusive<i8> = -16..=15;

    fn values(block: &[u8; 22], values: &mut [i8; 32]) {
        nibbles(&block[6..], values);
        fifth_bits(&block[2..6], values);
        for value in values {
            *value -= 16;
        }
    }

    fn scales(block: &[u8; 22]) -> [f32; 1] {
        [half(block, 0)]
    }
}

struct FiveOffset;

impl Block<24, 32, 1> for FiveOffset {
    const NAME: &'static str = "Q5_1";
    const ID: u32 = 7;
    const RANGE: RangeInclusive<i8> = 0..=31;
    const HAS_OFFSETS: bool = true;

    fn values(block: &[u8; 24], values: &mut [i8; 32]) {
        nibbles(&block[8..], values);
        fifth_bits(&block[4..8], values);
    }

    fn scales(block: &[u8; 24]) -> [f32; 1] {
        [half(block, 0)]
    }

    fn offsets(block: &[u8; 24]) -> [f32; 1] {
        [half(block, 2)]
    }
}

/// The lower halves of all bytes, then the upper ones.
fn nibbles(bytes: &[u8], values: &mut [i8; 32]) {
    let (low, high) = values.split_at_mut(16);
    for ((low, high), byte) in low.iter_mut().zip(high).zip(bytes) {
        *low = (byte & 15) as i8;
        *high = (byte >> 4) as i8;
    }
}

fn fifth_bits(bytes: &[u8], values: &mut [i8; 32]) {
    for (values, byte) in values.as_chunks_mut::<8>().0.iter_mut().zip(bytes) {
        for (value, bit) in values.iter_mut().zip(BITS) {
            *value |= if byte & bit == 0 { 0 } else { 16 };
        }
    }
}
