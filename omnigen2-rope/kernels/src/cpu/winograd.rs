//! Winograd's minimal filtering F(4×4, 3×3) (arXiv 1509.09308): 36 products for 16 pixels, where there are 144.
//!
//! One tile of 6×6 pixels gives 4×4 of the output; a vector holds the same place of as many tiles side by side.

use pulp::Simd;

/// Sides of a tile of the input and of the output.
pub(super) const TILE: usize = 6;
pub(super) const STEP: usize = 4;

/// The products of a tile, by their place in it.
pub(super) const PRODUCTS: [usize; 36] = {
    let mut all = [0; 36];
    let mut at = 0;
    while at < 36 {
        all[at] = at;
        at += 1;
    }
    all
};

/// Those that are not zero where the input repeats every pixel twice in both directions: the polynomials are taken
/// at 0, 1, −1, 2, −2 and ∞, and at −1 the repeated pixels cancel.
pub(super) const DOUBLED_PRODUCTS: [usize; 25] = {
    let mut some = [0; 25];
    let mut at = 0;
    let mut count = 0;
    while at < 36 {
        if at / TILE != 2 && at % TILE != 2 {
            some[count] = at;
            count += 1;
        }
        at += 1;
    }
    some
};

/// A tile of every lane, transformed.
///
/// # Shapes
/// - rows: six, each the pixels of as many tiles as a vector has lanes and two more at least
#[inline(always)]
pub(super) fn input<S: Simd>(simd: S, rows: [&[f32]; TILE]) -> [[S::f32s; TILE]; TILE] {
    let zero = simd.splat_f32s(0.0);
    let mut half = [[zero; TILE]; TILE];
    for r in 0..TILE {
        let [a, b, c, d] = simd.deinterleave_shfl_f32s(four::<S>(rows[r]));
        let [e, f, ..] = simd.deinterleave_shfl_f32s(four::<S>(&rows[r][STEP..]));
        half[r] = input_line(simd, [a, b, c, d, e, f]);
    }
    let mut tile = [[zero; TILE]; TILE];
    for c in 0..TILE {
        let column = [half[0][c], half[1][c], half[2][c], half[3][c], half[4][c], half[5][c]];
        let column = input_line(simd, column);
        for r in 0..TILE {
            tile[r][c] = column[r];
        }
    }
    tile
}

#[inline(always)]
fn four<S: Simd>(row: &[f32]) -> [S::f32s; 4] {
    let (vectors, _) = S::as_simd_f32s(row);
    [vectors[0], vectors[1], vectors[2], vectors[3]]
}

#[inline(always)]
fn input_line<S: Simd>(simd: S, d: [S::f32s; TILE]) -> [S::f32s; TILE] {
    let (four, minus_four, minus_five) = (simd.splat_f32s(4.0), simd.splat_f32s(-4.0), simd.splat_f32s(-5.0));
    let even = simd.mul_add_e_f32s(minus_four, d[2], d[4]);
    let odd = simd.mul_add_e_f32s(minus_four, d[1], d[3]);
    let far = simd.sub_f32s(d[4], d[2]);
    let near = simd.sub_f32s(d[3], d[1]);
    let twice = simd.add_f32s(near, near);
    [
        simd.mul_add_e_f32s(four, d[0], simd.mul_add_e_f32s(minus_five, d[2], d[4])),
        simd.add_f32s(even, odd),
        simd.sub_f32s(even, odd),
        simd.add_f32s(far, twice),
        simd.sub_f32s(far, twice),
        simd.mul_add_e_f32s(four, d[1], simd.mul_add_e_f32s(minus_five, d[3], d[5])),
    ]
}

/// The output's rows, each four vectors of pixels in order, from the sums over the channels.
#[inline(always)]
pub(super) fn output<S: Simd>(simd: S, sums: [[S::f32s; TILE]; TILE]) -> [[S::f32s; STEP]; STEP] {
    let zero = simd.splat_f32s(0.0);
    let mut half = [[zero; TILE]; STEP];
    for c in 0..TILE {
        let column = [sums[0][c], sums[1][c], sums[2][c], sums[3][c], sums[4][c], sums[5][c]];
        let column = output_line(simd, column);
        for r in 0..STEP {
            half[r][c] = column[r];
        }
    }
    let mut rows = [[zero; STEP]; STEP];
    for r in 0..STEP {
        rows[r] = simd.interleave_shfl_f32s(output_line(simd, half[r]));
    }
    rows
}

#[inline(always)]
fn output_line<S: Simd>(simd: S, m: [S::f32s; TILE]) -> [S::f32s; STEP] {
    let (one, one_less) = (simd.add_f32s(m[1], m[2]), simd.sub_f32s(m[1], m[2]));
    let (two, two_less) = (simd.add_f32s(m[3], m[4]), simd.sub_f32s(m[3], m[4]));
    [
        simd.add_f32s(m[0], simd.add_f32s(one, two)),
        simd.mul_add_e_f32s(simd.splat_f32s(2.0), two_less, one_less),
        simd.mul_add_e_f32s(simd.splat_f32s(4.0), two, one),
        simd.add_f32s(m[5], simd.mul_add_e_f32s(simd.splat_f32s(8.0), two_less, one_less)),
    ]
}

/// The kernels of some outputs, transformed together.
#[inline(always)]
pub(super) fn weight<const N: usize>(kernel: &[[f32; N]; 9]) -> [[f32; N]; 36] {
    let mut half = [[0.0; N]; 18];
    for c in 0..3 {
        let column = weight_line([&kernel[c], &kernel[3 + c], &kernel[6 + c]]);
        for r in 0..TILE {
            half[3 * r + c] = column[r];
        }
    }
    let mut tile = [[0.0; N]; 36];
    for r in 0..TILE {
        let row = weight_line([&half[3 * r], &half[3 * r + 1], &half[3 * r + 2]]);
        tile[TILE * r..TILE * (r + 1)].copy_from_slice(&row);
    }
    tile
}

#[inline(always)]
fn weight_line<const N: usize>([g0, g1, g2]: [&[f32; N]; 3]) -> [[f32; N]; TILE] {
    let mut line = [[0.0; N]; TILE];
    for i in 0..N {
        let ends = (g0[i] + g2[i]) * (-1.0 / 6.0);
        let middle = g1[i] * (-1.0 / 6.0);
        let far = g0[i] * (1.0 / 24.0) + g2[i] * (1.0 / 6.0);
        let near = g1[i] * (1.0 / 12.0);
        line[0][i] = g0[i] * 0.25;
        line[1][i] = ends + middle;
        line[2][i] = ends - middle;
        line[3][i] = far + near;
        line[4][i] = far - near;
        line[5][i] = g2[i];
    }
    line
}
