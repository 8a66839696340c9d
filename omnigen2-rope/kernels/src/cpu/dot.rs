//! Products of few rows with columns that lie together along the summed axis.

use pulp::Simd;

/// Products of `ROWS` rows with `COLS` columns.
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

/// Adds up the lanes of sums, and to them the products of what is left of rows and columns.
#[inline(always)]
pub(super) fn finish<S: Simd, const ROWS: usize, const COLS: usize>(
    simd: S,
    sums: [[S::f32s; COLS]; ROWS],
    rows: [&[f32]; ROWS],
    cols: [&[f32]; COLS],
) -> [[f32; COLS]; ROWS] {
    let mut out = [[0.0; COLS]; ROWS];
    for r in 0..ROWS {
        for c in 0..COLS {
            out[r][c] = simd.reduce_sum_f32s(sums[r][c]);
            for (x, w) in rows[r].iter().zip(cols[c]) {
                out[r][c] += x * w;
            }
        }
    }
    out
}

/// The numbers of each part from `start` on.
#[inline(always)]
pub(super) fn from<T, const COUNT: usize>(mut numbers: [&[T]; COUNT], start: usize) -> [&[T]; COUNT] {
    for part in &mut numbers {
        *part = &part[start..];
    }
    numbers
}
