//! Products of few rows with columns that lie together along the summed axis, as weights do.

use pulp::Simd;

use super::simd::WIDEST;
use super::stored::{Half, Stored};

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

/// [`dots`] with rows that were [`split`].
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
    finish(simd, sums, from(rows, summed), from(cols, summed))
}

/// Adds up the lanes of sums, and to them the products of what is left of rows and columns.
#[inline(always)]
fn finish<S: Simd, T: Stored, const ROWS: usize, const COLS: usize>(
    simd: S,
    sums: [[S::f32s; COLS]; ROWS],
    rows: [&[f32]; ROWS],
    cols: [&[T]; COLS],
) -> [[f32; COLS]; ROWS] {
    let mut out = [[0.0; COLS]; ROWS];
    for r in 0..ROWS {
        for c in 0..COLS {
            out[r][c] = simd.reduce_sum_f32s(sums[r][c]);
            for (x, w) in rows[r].iter().zip(cols[c]) {
                out[r][c] += x * w.widen();
            }
        }
    }
    out
}

/// Products of `ROWS` rows with `COLS` columns, all of which lie together along the summed axis.
#[inline(always)]
pub(super) fn dots<S: Simd, const ROWS: usize, const COLS: usize>(
    simd: S,
    rows: [&[f32]; ROWS],
    cols: [&[f32]; COLS],
) -> [[f32; COLS]; ROWS] {
    let vectors = rows[0].len() / S::F32_LANES;
    let mut sums = [[simd.splat_f32s(0.0); COLS]; ROWS];
    let none: &[S::f32s] = &[];
    let (mut xs, mut ws) = ([none; ROWS], [none; COLS]);
    for r in 0..ROWS {
        xs[r] = &S::as_simd_f32s(rows[r]).0[..vectors];
    }
    for c in 0..COLS {
        ws[c] = &S::as_simd_f32s(cols[c]).0[..vectors];
    }
    for at in 0..vectors {
        for c in 0..COLS {
            for r in 0..ROWS {
                sums[r][c] = simd.mul_add_e_f32s(xs[r][at], ws[c][at], sums[r][c]);
            }
        }
    }
    let summed = vectors * S::F32_LANES;
    finish(simd, sums, from(rows, summed), from(cols, summed))
}

#[inline(always)]
fn from<T, const COUNT: usize>(mut numbers: [&[T]; COUNT], start: usize) -> [&[T]; COUNT] {
    for part in &mut numbers {
        *part = &part[start..];
    }
    numbers
}
