//! Blocks whose bits choose among 16 integers, which lie closer together near zero.

use std::array::from_fn;
use std::ops::RangeInclusive;

use super::{Block, Format, half};

pub(crate) const IQ4_NL: Format = Format::of(&Flat);
pub(crate) const IQ4_XS: Format = Format::of(&Nested);

const VALUES: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// Bytes: scale, 16 of values.
struct Flat;

impl Block<18, 32, 1> for Flat {
    const NAME: &'static str = "IQ4_NL";
    const ID: u32 = 20;
    const RANGE: RangeInclusive<i8> = -127..=113;

    fn values(block: &[u8; 18], values: &mut [i8; 32]) {
        chosen(&block[2..], values);
    }

    fn scales(block: &[u8; 18]) -> [f32; 1] {
        [half(block, 0)]
    }
}

/// Bytes: scale, 2 of the scales' upper bits, 4 of their lower ones, 128 of values.
struct Nested;

impl Block<136, 256, 8> for Nested {
    const NAME: &'static str = "IQ4_XS";
    const ID: u32 = 23;
    const RANGE: RangeInclusive<i8> = -127..=113;

    fn values(block: &[u8; 136], values: &mut [i8; 256]) {
        chosen(&block[8..], values);
    }

    fn scales(block: &[u8; 136]) -> [f32; 8] {
        let scale = half(block, 0);
        let upper = u16::from_le_bytes([block[2], block[3]]);
        from_fn(|run| {
            let low = block[4 + run / 2] >> (4 * (run % 2)) & 15;
            let high = (upper >> (2 * run) & 3) as u8;
            scale * f32::from((low | high << 4) as i8 - 32)
        })
    }
}

/// The numbers that the lower halves of 16 bytes choose, then the upper ones, and so on with the next bytes.
fn chosen(bytes: &[u8], values: &mut [i8]) {
    for (values, bytes) in values.as_chunks_mut::<32>().0.iter_mut().zip(bytes.as_chunks::<16>().0) {
        for (at, byte) in bytes.iter().enumerate() {
            values[at] = VALUES[usize::from(byte & 15)];
            values[at + 16] = VALUES[usize::from(byte >> 4)];
        }
    }
}
