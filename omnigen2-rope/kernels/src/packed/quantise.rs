//! Quantisation of F32 rows: the scale, or scale and offset, of a block that lose least.

use burn::tensor::f16;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::instructions::Kernels;
use super::layout::{Bits, Block, GROUP, Layout, ScaleType};
use super::search::{self, Scale};
use super::weight::PackedMut;

impl PackedMut<'_> {
    /// Fills a weight, or a [band](Self::bands) of one, with rounded rows: `[output, input]`.
    ///
    /// # Panics
    /// If there are more numbers, or fewer, or blocks run on from row to row.
    pub fn quantise(self, rows: &[f32]) {
        let layout = self.layout;
        assert_eq!(rows.len(), layout.output * layout.input, "rows of {layout:?}");
        let groups: Vec<PackedMut<'_>> = self.bands(1).collect();
        let rows = rows.par_chunks((GROUP * layout.input).max(1));
        let vectors = Kernels::chosen_or_fastest().vectors();
        let groups = groups.into_par_iter().zip(rows);
        groups.for_each(|(packed, rows)| vectors.dispatch(Group { packed, rows }));
    }
}

/// A number of each row of a group.
type Lanes = [f32; GROUP];
/// A block of each row: `[block, rows]`.
type Numbers<const BLOCK: usize> = [Lanes; BLOCK];

struct Group<'a> {
    packed: PackedMut<'a>,
    rows: &'a [f32],
}

impl WithSimd for Group<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.packed.layout.block {
            Block::Of16 => fill::<S, 16>(simd, self),
            Block::Of32 => fill::<S, 32>(simd, self),
        }
    }
}

#[inline(always)]
fn fill<S: Simd, const BLOCK: usize>(simd: S, group: Group<'_>) {
    let Group { packed, rows } = group;
    let layout = packed.layout;
    let values = packed.values.chunks_exact_mut(layout.block_bytes());
    let size = GROUP * layout.scales.size();
    let (scales, mut offsets) = (packed.scales.chunks_exact_mut(size), packed.offsets.chunks_exact_mut(size));
    for (b, (values, scales)) in values.zip(scales).enumerate() {
        let numbers = block::<BLOCK>(rows, layout.input, b * BLOCK);
        let mut best = best::<S, BLOCK>(simd, &numbers, &layout);
        put_scales(&mut best.scale, layout.scales, scales);
        match offsets.next() {
            Some(offsets) => put_scales(&mut best.offset, layout.scales, offsets),
            None => best.offset = Lanes::default(),
        }
        let mut integers = round(&numbers, &best, &layout);
        for beyond in integers.iter_mut().skip(layout.input - b * BLOCK) {
            *beyond = [layout.zero().into(); GROUP];
        }
        match layout.bits {
            Bits::Eight => put_values::<4>(&integers, values),
            Bits::Four => put_values::<8>(&integers, values),
        }
    }
}

/// The block of each row that begins at a number; rows that there are not are zeros.
#[inline(always)]
fn block<const BLOCK: usize>(rows: &[f32], input: usize, from: usize) -> Numbers<BLOCK> {
    let mut numbers = [[0.0; GROUP]; BLOCK];
    for (r, row) in rows.chunks_exact(input).enumerate() {
        let row = &row[from..];
        if let Some(row) = row.first_chunk::<BLOCK>() {
            for (numbers, &number) in numbers.iter_mut().zip(row) {
                numbers[r] = number;
            }
        } else {
            // What the last block lacks is filled up with what its range has already.
            for (k, numbers) in numbers.iter_mut().enumerate() {
                numbers[r] = row.get(k).copied().unwrap_or(row[0]);
            }
        }
    }
    numbers
}

#[inline(always)]
fn best<S: Simd, const BLOCK: usize>(simd: S, numbers: &Numbers<BLOCK>, layout: &Layout) -> Scale<Lanes> {
    let mut out = Scale { scale: Lanes::default(), offset: Lanes::default() };
    let scales = S::as_mut_simd_f32s(&mut out.scale).0.iter_mut();
    let offsets = S::as_mut_simd_f32s(&mut out.offset).0.iter_mut();
    for (v, (scale, offset)) in scales.zip(offsets).enumerate() {
        let mut some = [simd.splat_f32s(0.0); BLOCK];
        for (some, numbers) in some.iter_mut().zip(numbers) {
            *some = S::as_simd_f32s(numbers).0[v];
        }
        let best = match (layout.bits, layout.has_offsets) {
            (Bits::Eight, false) => search::largest(simd, &some),
            (Bits::Eight, true) => search::middle(simd, &some),
            (Bits::Four, false) => search::scale(simd, &some),
            (Bits::Four, true) => search::scale_and_offset(simd, &some),
        };
        (*scale, *offset) = (best.scale, best.offset);
    }
    out
}

/// Puts numbers where they rest, and leaves them as they rest, but never infinite.
#[inline(always)]
fn put_scales(numbers: &mut Lanes, scales: ScaleType, out: &mut [u8]) {
    for (x, out) in numbers.iter_mut().zip(out.chunks_exact_mut(scales.size())) {
        match scales {
            ScaleType::F16 => {
                let half = f16::from_f32(x.clamp(f16::MIN.to_f32(), f16::MAX.to_f32()));
                out.copy_from_slice(&half.to_le_bytes());
                *x = half.to_f32();
            }
            ScaleType::F32 => out.copy_from_slice(&x.to_le_bytes()),
        }
    }
}

/// The integers.
#[inline(always)]
fn round<const BLOCK: usize>(
    numbers: &Numbers<BLOCK>,
    by: &Scale<Lanes>,
    layout: &Layout,
) -> [[u32; GROUP]; BLOCK] {
    let (zero, most) = (f32::from(layout.zero()), f32::from(layout.most()));
    let (inverse, mut out) = (by.scale.map(search::inverse), [[0; GROUP]; BLOCK]);
    for (out, x) in out.iter_mut().zip(numbers) {
        for r in 0..GROUP {
            let q = ((x[r] - by.offset[r]) * inverse[r] + zero).clamp(0.0, most);
            out[r] = search::integer(q) & u32::from(layout.most());
        }
    }
    out
}

/// Puts integers into the vectors of a block, `EACH` numbers of the summed axis into one.
#[inline(always)]
fn put_values<const EACH: usize>(values: &[[u32; GROUP]], out: &mut [u8]) {
    for (values, out) in values.as_chunks::<EACH>().0.iter().zip(out.as_chunks_mut::<{ 4 * GROUP }>().0) {
        let mut words = [0; GROUP];
        for (k, values) in values.iter().enumerate() {
            for (word, value) in words.iter_mut().zip(values) {
                *word |= value << (8 * (k % 4) + 4 * (k / 4));
            }
        }
        for (out, word) in out.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *out = word.to_le_bytes();
        }
    }
}
