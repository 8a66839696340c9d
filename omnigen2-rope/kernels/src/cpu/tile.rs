//! The products of a few rows with a panel of columns, whose sums just fit the registers.

use pulp::Simd;

/// Rows that are multiplied at a time.
pub(super) const ROWS: usize = 6;
/// Vectors of columns that are multiplied at a time.
pub(super) const WIDE: usize = 2;

/// Products of `COUNT` rows with a panel of [`WIDE`] vectors for each number of a row.
#[inline(always)]
pub(super) fn tile<S: Simd, const COUNT: usize>(
    simd: S,
    rows: [&[f32]; COUNT],
    panel: &[S::f32s],
) -> [[S::f32s; WIDE]; COUNT] {
    let (panel, _) = panel.as_chunks::<WIDE>();
    let mut xs: [&[f32]; COUNT] = [&[]; COUNT];
    for r in 0..COUNT {
        xs[r] = &rows[r][..panel.len()];
    }
    let mut sums = [[simd.splat_f32s(0.0); WIDE]; COUNT];
    for (k, step) in panel.iter().enumerate() {
        for r in 0..COUNT {
            let x = simd.splat_f32s(xs[r][k]);
            for c in 0..WIDE {
                sums[r][c] = simd.mul_add_e_f32s(x, step[c], sums[r][c]);
            }
        }
    }
    sums
}

/// [`tile`] of [`ROWS`] rows that lie together for every step of the sum: `[steps, ROWS]`.
#[inline(always)]
pub(super) fn packed_tile<S: Simd>(simd: S, rows: &[f32], columns: &[f32]) -> [[S::f32s; WIDE]; ROWS] {
    let (rows, _) = rows.as_chunks::<ROWS>();
    let (columns, _) = S::as_simd_f32s(columns).0.as_chunks::<WIDE>();
    let mut sums = [[simd.splat_f32s(0.0); WIDE]; ROWS];
    for (row, column) in rows.iter().zip(columns) {
        for r in 0..ROWS {
            let x = simd.splat_f32s(row[r]);
            for c in 0..WIDE {
                sums[r][c] = simd.mul_add_e_f32s(x, column[c], sums[r][c]);
            }
        }
    }
    sums
}
