//! Vectors of whatever width the processor has.
//!
//! Everything that works on vectors is an inlined function over [`Simd`] without closures: those would be compiled
//! without the wide instructions.

use pulp::{Arch, Simd, WithSimd};

/// Rows and vectors of columns that are multiplied at a time, which with their sums just fit the registers.
pub(super) const ROWS: usize = 6;
pub(super) const WIDE: usize = 2;

/// Runs a kernel with the widest vectors of this processor; `None` where it has none.
pub(crate) fn dispatch<K: WithSimd>(kernel: K) -> Option<K::Output> {
    let arch = Arch::new();
    #[cfg(target_arch = "x86_64")]
    if let Arch::Scalar = arch {
        return None;
    }
    Some(arch.dispatch(kernel))
}

/// Numbers in a vector; `None` where [`dispatch`] runs nothing.
pub(crate) fn lanes() -> Option<usize> {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }
    dispatch(Lanes)
}

/// Products of [`ROWS`] rows with [`WIDE`] vectors, both together for every step of the sum.
#[inline(always)]
pub(super) fn tile<S: Simd>(simd: S, rows: &[f32], columns: &[f32]) -> [[S::f32s; WIDE]; ROWS] {
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

/// The sum of all numbers, or of their squared distances from `mean`.
#[inline(always)]
pub(crate) fn sum<S: Simd, const SQUARED: bool>(simd: S, numbers: &[f32], mean: f32) -> f32 {
    let (head, tail) = S::as_simd_f32s(numbers);
    let (fours, rest) = head.as_chunks::<4>();
    let centre = simd.splat_f32s(mean);
    let mut sums = [simd.splat_f32s(0.0); 4];
    for four in fours {
        for i in 0..4 {
            sums[i] = accumulate::<S, SQUARED>(simd, four[i], centre, sums[i]);
        }
    }
    for &x in rest {
        sums[0] = accumulate::<S, SQUARED>(simd, x, centre, sums[0]);
    }
    let both = simd.add_f32s(simd.add_f32s(sums[0], sums[1]), simd.add_f32s(sums[2], sums[3]));
    let mut total = simd.reduce_sum_f32s(both);
    for &x in tail {
        total += if SQUARED { (x - mean) * (x - mean) } else { x };
    }
    total
}

#[inline(always)]
fn accumulate<S: Simd, const SQUARED: bool>(simd: S, x: S::f32s, mean: S::f32s, sum: S::f32s) -> S::f32s {
    if SQUARED {
        let x = simd.sub_f32s(x, mean);
        simd.mul_add_e_f32s(x, x, sum)
    } else {
        simd.add_f32s(x, sum)
    }
}

/// `silu(x · scale + shift)` in place.
#[inline(always)]
pub(super) fn activate<S: Simd>(simd: S, numbers: &mut [f32], scale: f32, shift: f32) {
    let (scale, shift) = (simd.splat_f32s(scale), simd.splat_f32s(shift));
    let (head, tail) = S::as_mut_simd_f32s(numbers);
    for x in head {
        *x = silu(simd, simd.mul_add_e_f32s(*x, scale, shift));
    }
    if !tail.is_empty() {
        let x = silu(simd, simd.mul_add_e_f32s(simd.partial_load_f32s(tail), scale, shift));
        simd.partial_store_f32s(tail, x);
    }
}

#[inline(always)]
fn silu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    simd.div_f32s(x, simd.add_f32s(one, exp(simd, simd.neg_f32s(x))))
}

/// `1 / (1 + exp(−x))`.
#[cfg(feature = "train")]
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    simd.div_f32s(one, simd.add_f32s(one, exp(simd, simd.neg_f32s(x))))
}

/// `exp(x)` within a unit or two of the last place, of numbers from −87 to 88 and of the nearest one outside.
#[inline(always)]
fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    // Adding this leaves the nearest whole number in the lowest bits.
    let rounding = simd.splat_f32s(12_582_912.0);
    let x = simd.min_f32s(simd.splat_f32s(88.0), simd.max_f32s(simd.splat_f32s(-87.0), x));
    let shifted = simd.mul_add_e_f32s(x, simd.splat_f32s(std::f32::consts::LOG2_E), rounding);
    let whole = simd.sub_f32s(shifted, rounding);
    // ln 2 in two parts, the first with zeros at its end.
    let rest = simd.mul_add_e_f32s(whole, simd.splat_f32s(-0.693_359_4), x);
    let rest = simd.mul_add_e_f32s(whole, simd.splat_f32s(2.121_944_4e-4), rest);
    let mut sum = simd.splat_f32s(1.0 / 5040.0);
    for factorial in [720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0] {
        sum = simd.mul_add_e_f32s(sum, rest, simd.splat_f32s(1.0 / factorial));
    }
    let bits = simd.add_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(127));
    let power = simd.wrapping_dyn_shl_u32s(bits, simd.splat_u32s(23));
    simd.mul_f32s(sum, simd.transmute_f32s_u32s(power))
}
