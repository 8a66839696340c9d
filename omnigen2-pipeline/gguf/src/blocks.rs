//! How blocks are made of bytes. Their layout is that of `gguf.quants`.

pub(crate) mod iq4;
pub(crate) mod k;
pub(crate) mod legacy;
pub(crate) mod plain;

use std::ops::RangeInclusive;

use half::f16;

use crate::integers::Integers;

/// The description of a type.
pub(crate) struct Format {
    pub(crate) name: &'static str,
    pub(crate) id: u32,
    pub(crate) numbers: usize,
    pub(crate) bytes: usize,
    pub(crate) dequantise: fn(&[u8], &mut [f32]),
    pub(crate) integers: Option<Layout>,
}

/// The description of a type's integers.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) run: usize,
    pub(crate) has_offsets: bool,
    pub(crate) range: RangeInclusive<i8>,
    pub(crate) fill: fn(&[u8], Integers<'_>),
}

/// A block of some runs of integers, each run with a scale, and with an offset or none.
pub(crate) trait Block<const BYTES: usize, const NUMBERS: usize, const RUNS: usize> {
    const NAME: &'static str;
    const ID: u32;
    /// The least and the greatest integer.
    const RANGE: RangeInclusive<i8>;
    const HAS_OFFSETS: bool = false;

    fn values(block: &[u8; BYTES], values: &mut [i8; NUMBERS]);

    fn scales(block: &[u8; BYTES]) -> [f32; RUNS];

    /// The summands of a type that has some.
    fn offsets(_: &[u8; BYTES]) -> [f32; RUNS] {
        [0.0; RUNS]
    }
}

impl Format {
    pub(crate) const fn of<B, const BYTES: usize, const NUMBERS: usize, const RUNS: usize>(_: &B) -> Self
    where
        B: Block<BYTES, NUMBERS, RUNS>,
    {
        Self {
            name: B::NAME,
            id: B::ID,
            numbers: NUMBERS,
            bytes: BYTES,
            dequantise: dequantise::<B, BYTES, NUMBERS, RUNS>,
            integers: Some(Layout {
                run: NUMBERS / RUNS,
                has_offsets: B::HAS_OFFSETS,
                range: B::RANGE,
                fill: fill::<B, BYTES, NUMBERS, RUNS>,
            }),
        }
    }
}

fn dequantise<B, const BYTES: usize, const NUMBERS: usize, const RUNS: usize>(
    bytes: &[u8],
    numbers: &mut [f32],
) where
    B: Block<BYTES, NUMBERS, RUNS>,
{
    let run = NUMBERS / RUNS;
    let mut values = [0; NUMBERS];
    for (block, numbers) in bytes.as_chunks::<BYTES>().0.iter().zip(numbers.as_chunks_mut::<NUMBERS>().0) {
        B::values(block, &mut values);
        let (scales, offsets) = (B::scales(block), B::offsets(block));
        let runs = numbers.chunks_exact_mut(run).zip(values.chunks_exact(run));
        for ((numbers, values), (scale, offset)) in runs.zip(scales.into_iter().zip(offsets)) {
            for (number, value) in numbers.iter_mut().zip(values) {
                let product = scale * f32::from(*value);
                // To add a zero would lose the sign of another.
                *number = if B::HAS_OFFSETS { product + offset } else { product };
            }
        }
    }
}

fn fill<B, const BYTES: usize, const NUMBERS: usize, const RUNS: usize>(bytes: &[u8], into: Integers<'_>)
where
    B: Block<BYTES, NUMBERS, RUNS>,
{
    let blocks = bytes.as_chunks::<BYTES>().0;
    let outputs = into.values.as_chunks_mut().0.iter_mut().zip(into.scales.as_chunks_mut().0);
    for (block, (values, scales)) in blocks.iter().zip(outputs) {
        B::values(block, values);
        *scales = B::scales(block);
    }
    for (block, offsets) in blocks.iter().zip(into.offsets.as_chunks_mut().0) {
        *offsets = B::offsets(block);
    }
}

/// The number in half precision at a place.
fn half(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}
