use pulp::Simd;

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
