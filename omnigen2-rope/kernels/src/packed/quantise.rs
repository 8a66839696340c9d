//! Quantisation of F32 rows: the scale, or scale and offset, of a block that lose least.

use burn::tensor::f16;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::layout::{Bits, Block, GROUP, Layout, ScaleType};
use super::search::{self, Scale};
use super::weight::PackedMut;

impl PackedMut<'_> {
    /// Fills a weight, or a [band](Self::bands) of one, with rounded rows: `[output, input]`.
    ///
    /// # Panics
    /// If there are more numbers, or fewer.
    pub fn quantise(self, rows: &[f32]) {
        let layout = self.layout;
        assert_eq!(rows.len(), layout.output * layout.input, "rows of {layout:?}");
        let groups: Vec<PackedMut<'_>> = self.bands(1).collect();
        let rows = rows.par_chunks((GROUP * layout.input).max(1));
        groups
            .into_par_iter()
            .zip(rows)
            .for_each(|(packed, rows)| Arch::new().dispatch(Group { packed, rows }));
    }
}

struct Group<'a> {
    packed: PackedMut<'a>,
    rows: &'a [f32],
}

impl WithSimd for Group<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        match self.packed.layout.block {
            Block::Of16 => fill::<16>(self),
            Block::Of32 => fill::<32>(self),
        }
    }
}

#[inline(always)]
fn fill<const BLOCK: usize>(group: Group<'_>) {
    let Group { mut packed, rows } = group;
    let layout = packed.layout;
    packed.clear();
    let mut values = vec![0; layout.blocks() * BLOCK];
    let (mut scales, mut offsets) = (vec![0.0; layout.blocks()], vec![0.0; layout.blocks()]);
    for (lane, row) in rows.chunks_exact(layout.input).enumerate() {
        for (b, part) in row.chunks(BLOCK).enumerate() {
            // What the last block lacks is filled up with what its range has already.
            let mut numbers = [part[0]; BLOCK];
            numbers[..part.len()].copy_from_slice(part);
            let best = best(&numbers, &layout);
            let scale = rest(best.scale, layout.scales);
            let offset = rest(best.offset, layout.scales);
            round(&numbers, Scale { scale, offset }, &layout, &mut values[b * BLOCK..(b + 1) * BLOCK]);
            (scales[b], offsets[b]) = (scale, offset);
        }
        packed.put_values(lane, &values[..layout.input]);
        packed.put_scales(lane, &scales, if layout.has_offsets { &offsets } else { &[] });
    }
}

#[inline(always)]
fn best<const BLOCK: usize>(numbers: &[f32; BLOCK], layout: &Layout) -> Scale {
    match (layout.bits, layout.has_offsets) {
        (Bits::Eight, false) => search::largest(numbers),
        (Bits::Eight, true) => search::middle(numbers),
        (Bits::Four, false) => search::scale(numbers),
        (Bits::Four, true) => search::scale_and_offset(numbers),
    }
}

/// The number as it rests, but never infinite.
#[inline(always)]
fn rest(x: f32, scales: ScaleType) -> f32 {
    match scales {
        ScaleType::F16 => f16::from_f32(x.clamp(f16::MIN.to_f32(), f16::MAX.to_f32())).to_f32(),
        ScaleType::F32 => x,
    }
}

#[inline(always)]
fn round<const BLOCK: usize>(numbers: &[f32; BLOCK], by: Scale, layout: &Layout, out: &mut [u8]) {
    let (zero, most) = (f32::from(layout.zero()), f32::from(layout.most()));
    let inverse = search::inverse(by.scale);
    for (out, x) in out.iter_mut().zip(numbers) {
        *out = search::nearest(((x - by.offset) * inverse + zero).clamp(0.0, most)) as u8;
    }
}
