//! Numbers of two bytes, of which two lie in a word, and how vectors of them widen.

use burn::tensor::{bf16, f16};
use bytemuck::Pod;
use pulp::Simd;

use super::super::dot::{finish, from};
use super::super::registers::WIDEST;

/// A number of two bytes.
pub(super) trait Half: Pod + Send + Sync {
    /// Widens a run of numbers.
    fn widen(run: &[Self], wide: &mut [f32]);

    /// The even and the odd numbers of words.
    fn both<S: Simd>(simd: S, words: S::u32s) -> [S::f32s; 2];
}

impl Half for bf16 {
    #[inline(always)]
    fn widen(run: &[Self], wide: &mut [f32]) {
        wide.iter_mut().zip(run).for_each(|(wide, x)| *wide = f32::from_bits(u32::from(x.to_bits()) << 16));
    }

    #[inline(always)]
    fn both<S: Simd>(simd: S, words: S::u32s) -> [S::f32s; 2] {
        let even = simd.wrapping_dyn_shl_u32s(words, simd.splat_u32s(16));
        let odd = simd.and_u32s(words, simd.splat_u32s(0xffff_0000));
        [simd.transmute_f32s_u32s(even), simd.transmute_f32s_u32s(odd)]
    }
}

impl Half for f16 {
    #[inline(always)]
    fn widen(run: &[Self], wide: &mut [f32]) {
        wide.iter_mut().zip(run).for_each(|(wide, x)| *wide = widen_f16(x.to_bits()));
    }

    #[inline(always)]
    fn both<S: Simd>(simd: S, words: S::u32s) -> [S::f32s; 2] {
        [high_f16(simd, simd.wrapping_dyn_shl_u32s(words, simd.splat_u32s(16))), high_f16(simd, words)]
    }
}

// Without branches, so that loops over it become vectors: the scale puts the exponent right, subnormal numbers too.
#[inline(always)]
fn widen_f16(bits: u16) -> f32 {
    let bits = u32::from(bits);
    let scaled = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits(0x7780_0000);
    let infinite = u32::from(bits & 0x7c00 == 0x7c00) * 0x7f80_0000;
    f32::from_bits(scaled.to_bits() | infinite | ((bits & 0x8000) << 16))
}

#[inline(always)]
fn high_f16<S: Simd>(simd: S, bits: S::u32s) -> S::f32s {
    let sign = simd.and_u32s(bits, simd.splat_u32s(0x8000_0000));
    let rest = simd.wrapping_dyn_shr_u32s(bits, simd.splat_u32s(3));
    let rest = simd.and_u32s(rest, simd.splat_u32s(0x0fff_e000));
    let scale = simd.splat_f32s(f32::from_bits(0x7780_0000));
    let scaled = simd.transmute_u32s_f32s(simd.mul_f32s(simd.transmute_f32s_u32s(rest), scale));
    let limit = simd.greater_than_or_equal_u32s(rest, simd.splat_u32s(0x0f80_0000));
    let infinite = simd.select_u32s(limit, simd.splat_u32s(0x7f80_0000), simd.splat_u32s(0));
    simd.transmute_f32s_u32s(simd.or_u32s(simd.or_u32s(scaled, infinite), sign))
}

/// Puts the even numbers of every two vectors before the odd ones, as words of two halves come apart.
#[inline(always)]
pub(super) fn split<S: Simd>(_: S, row: &mut [f32]) {
    let lanes = S::F32_LANES;
    let mut both = [0.0; 2 * WIDEST];
    for part in row.chunks_exact_mut(2 * lanes) {
        for i in 0..lanes {
            both[i] = part[2 * i];
            both[lanes + i] = part[2 * i + 1];
        }
        part.copy_from_slice(&both[..2 * lanes]);
    }
}

/// Products of rows that were [`split`] with columns that lie together along the summed axis.
#[inline(always)]
pub(super) fn split_dots<S: Simd, T: Half, const ROWS: usize, const COLS: usize>(
    simd: S,
    rows: [&[f32]; ROWS],
    cols: [&[T]; COLS],
) -> [[f32; COLS]; ROWS] {
    let len = rows[0].len();
    let pairs = len / (2 * S::F32_LANES);
    let mut sums = [[simd.splat_f32s(0.0); COLS]; ROWS];
    let none: &[[S::f32s; 2]] = &[];
    let mut xs = [none; ROWS];
    for r in 0..ROWS {
        xs[r] = &S::as_simd_f32s(rows[r]).0.as_chunks::<2>().0[..pairs];
    }
    let bytes = 4 * S::F32_LANES;
    let mut ws: [&[u8]; COLS] = [&[]; COLS];
    for c in 0..COLS {
        ws[c] = &bytemuck::cast_slice(cols[c])[..pairs * bytes];
    }
    for at in 0..pairs {
        for c in 0..COLS {
            let words = bytemuck::pod_read_unaligned(&ws[c][at * bytes..(at + 1) * bytes]);
            let [w, v] = T::both(simd, words);
            for r in 0..ROWS {
                let [even, odd] = xs[r][at];
                sums[r][c] = simd.mul_add_e_f32s(even, w, sums[r][c]);
                sums[r][c] = simd.mul_add_e_f32s(odd, v, sums[r][c]);
            }
        }
    }
    let summed = pairs * 2 * S::F32_LANES;
    let mut rest: [&[f32]; COLS] = [&[]; COLS];
    if summed == len {
        return finish(simd, sums, from(rows, summed), rest);
    }
    let mut wide = [[0.0; 2 * WIDEST]; COLS];
    for ((rest, wide), col) in rest.iter_mut().zip(&mut wide).zip(cols) {
        let wide = &mut wide[..len - summed];
        T::widen(&col[summed..], wide);
        *rest = wide;
    }
    finish(simd, sums, from(rows, summed), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_f16_widens() {
        for bits in 0..=u16::MAX {
            let x = f16::from_bits(bits);
            let mut ours = [0.0];
            f16::widen(&[x], &mut ours);
            let ([ours], theirs) = (ours, x.to_f32());
            assert!(ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan(), "{bits:x}");
        }
    }
}
