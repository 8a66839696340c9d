//! Blocks of 256 numbers in runs, whose scales and offsets are small integers times one number each for the block.

use std::array::from_fn;
use std::ops::RangeInclusive;

use super::{Block, Format, half};

pub(crate) const Q2_K: Format = Format::of(&Two);
pub(crate) const Q3_K: Format = Format::of(&Three);
pub(crate) const Q4_K: Format = Format::of(&Four);
pub(crate) const Q5_K: Format = Format::of(&Five);
pub(crate) const Q6_K: Format = Format::of(&Six);

/// Bytes: 16 scales (lower halves) and offsets (upper), 64 of values, scale, offset.
struct Two;

impl Block<84, 256, 16> for Two {
    const NAME: &'static str = "Q2_K";
    const ID: u32 = 10;
    const RANGE: RangeInclusive<i8> = 0..=3;
    const HAS_OFFSETS: bool = true;

    fn values(block: &[u8; 84], values: &mut [i8; 256]) {
        pairs(&block[16..80], values);
    }

    fn scales(block: &[u8; 84]) -> [f32; 16] {
        let scale = half(block, 80);
        from_fn(|run| scale * f32::from(block[run] & 15))
    }

    fn offsets(block: &[u8; 84]) -> [f32; 16] {
        let scale = half(block, 82);
        from_fn(|run| -(scale * f32::from(block[run] >> 4)))
    }
}

/// Bytes: 32 of third bits, 64 of values, 12 of scales, scale.
struct Three;

impl Block<110, 256, 16> for Three {
    const NAME: &'static str = "Q3_K";
    const ID: u32 = 11;
    const RANGE: RangeInclusive<i8> = -4..=3;

    fn values(block: &[u8; 110], values: &mut [i8; 256]) {
        pairs(&block[32..96], values);
        bits(&block[..32], values, |value, is_set| if is_set { value } else { value - 4 });
    }

    fn scales(block: &[u8; 110]) -> [f32; 16] {
        let scale = half(block, 108);
        let packed = &block[96..108];
        from_fn(|run| {
            let low = packed[run % 8] >> (4 * (run / 8)) & 15;
            let high = packed[8 + run % 4] >> (2 * (run / 4)) & 3;
            scale * f32::from((low | high << 4) as i8 - 32)
        })
    }
}

/// Bytes: scale, offset, 12 of scales and offsets, 128 of values.
struct Four;

impl Block<144, 256, 8> for Four {
    const NAME: &'static str = "Q4_K";
    const ID: u32 = 12;
    const RANGE: RangeInclusive<i8> = 0..=15;
    const HAS_OFFSETS: bool = true;

    fn values(block: &[u8; 144], values: &mut [i8; 256]) {
        nibbles::<32>(&block[16..], values);
    }

    fn scales(block: &[u8; 144]) -> [f32; 8] {
        sixes_scales(block)
    }

    fn offsets(block: &[u8; 144]) -> [f32; 8] {
        sixes_offsets(block)
    }
}

/// Bytes: scale, offset, 12 of scales and offsets, 32 of fifth bits, 128 of values.
struct Five;

impl Block<176, 256, 8> for Five {
    const NAME: &'static str = "Q5_K";
    const ID: u32 = 13;
    const RANGE: RangeInclusive<i8> = 0..=31;
    const HAS_OFFSETS: bool = true;

    fn values(block: &[u8; 176], values: &mut [i8; 256]) {
        nibbles::<32>(&block[48..], values);
        bits(&block[16..48], values, |value, is_set| if is_set { value | 16 } else { value });
    }

    fn scales(block: &[u8; 176]) -> [f32; 8] {
        sixes_scales(block)
    }

    fn offsets(block: &[u8; 176]) -> [f32; 8] {
        sixes_offsets(block)
    }
}

/// Bytes: 128 of values, 64 of their two upper bits, 16 scales, scale.
struct Six;

impl Block<210, 256, 16> for Six {
    const NAME: &'static str = "Q6_K";
    const ID: u32 = 14;
    const RANGE: RangeInclusive<i8> = -32..=31;

    fn values(block: &[u8; 210], values: &mut [i8; 256]) {
        let mut upper = [0; 256];
        nibbles::<64>(&block[..128], values);
        pairs(&block[128..192], &mut upper);
        for (value, upper) in values.iter_mut().zip(upper) {
            *value = (*value | upper << 4) - 32;
        }
    }

    fn scales(block: &[u8; 210]) -> [f32; 16] {
        let scale = half(block, 208);
        from_fn(|run| scale * f32::from(block[192 + run] as i8))
    }
}

/// The lower halves of `N` bytes, their upper ones, and so on with the next bytes.
fn nibbles<const N: usize>(bytes: &[u8], values: &mut [i8; 256]) {
    for (values, bytes) in values.chunks_exact_mut(2 * N).zip(bytes.as_chunks::<N>().0) {
        let (low, high) = values.split_at_mut(N);
        for ((low, high), byte) in low.iter_mut().zip(high).zip(bytes) {
            *low = (byte & 15) as i8;
            *high = (byte >> 4) as i8;
        }
    }
}

/// The lowest pairs of bits of 32 bytes, then the next ones to the highest, and so on with the next bytes.
fn pairs(bytes: &[u8], values: &mut [i8; 256]) {
    for (values, bytes) in values.as_chunks_mut::<128>().0.iter_mut().zip(bytes.as_chunks::<32>().0) {
        for (values, shift) in values.as_chunks_mut::<32>().0.iter_mut().zip([0, 2, 4, 6]) {
            for (value, byte) in values.iter_mut().zip(bytes) {
                *value = (byte >> shift & 3) as i8;
            }
        }
    }
}

/// Changes values by a bit each: the lowest bits of 32 bytes, then the next ones to the highest.
fn bits(bytes: &[u8], values: &mut [i8; 256], change: impl Fn(i8, bool) -> i8) {
    for (bit, values) in values.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        for (value, byte) in values.iter_mut().zip(bytes) {
            *value = change(*value, byte >> bit & 1 == 1);
        }
    }
}

/// The scales of a block that begins with scale, offset and 12 bytes of 6 bits for each run.
fn sixes_scales(block: &[u8]) -> [f32; 8] {
    let scale = half(block, 0);
    let packed = &block[4..16];
    from_fn(|run| {
        let integer = match run {
            0..4 => packed[run] & 63,
            _ => packed[run + 4] & 15 | packed[run - 4] >> 6 << 4,
        };
        scale * f32::from(integer)
    })
}

/// The offsets of such a block.
fn sixes_offsets(block: &[u8]) -> [f32; 8] {
    let scale = half(block, 2);
    let packed = &block[4..16];
    from_fn(|run| {
        let integer = match run {
            0..4 => packed[run + 4] & 63,
            _ => packed[run + 4] >> 4 | packed[run] >> 6 << 4,
        };
        -(scale * f32::from(integer))
    })
}
