use pulp::Simd;

/// `exp(x)` for `x ≤ 88` within two units of the last place; 0 below -87, NaN for NaN.
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let lowest = simd.splat_f32s(-87.0);
    // Adding this leaves the nearest whole number in the lowest bits.
    let rounding = simd.splat_f32s(12_582_912.0);
    // In this order, NaN stays NaN.
    let near = simd.max_f32s(lowest, x);
    let shifted = simd.mul_add_e_f32s(near, simd.splat_f32s(std::f32::consts::LOG2_E), rounding);
    let whole = simd.sub_f32s(shifted, rounding);
    // ln 2 in two parts, the first with zeros at its end.
    let rest = simd.mul_add_e_f32s(whole, simd.splat_f32s(-0.693_359_4), near);
    let rest = simd.mul_add_e_f32s(whole, simd.splat_f32s(2.121_944_4e-4), rest);
    let mut sum = simd.splat_f32s(1.0 / 5040.0);
    for factorial in [720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0] {
        sum = simd.mul_add_e_f32s(sum, rest, simd.splat_f32s(1.0 / factorial));
    }
    let bits = simd.add_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(127));
    let power = simd.wrapping_dyn_shl_u32s(bits, simd.splat_u32s(23));
    let y = simd.mul_f32s(sum, simd.transmute_f32s_u32s(power));
    simd.select_f32s(simd.less_than_f32s(x, lowest), simd.splat_f32s(0.0), y)
}

/// `1 + exp(−x)`, which stays finite.
#[inline(always)]
pub(crate) fn one_and_exp_of_minus<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let bounded = simd.min_f32s(simd.splat_f32s(88.0), simd.neg_f32s(x));
    simd.add_f32s(simd.splat_f32s(1.0), exp(simd, bounded))
}

/// `1 / (1 + exp(−x))`.
#[cfg(feature = "train")]
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    simd.div_f32s(simd.splat_f32s(1.0), one_and_exp_of_minus(simd, x))
}

/// `x / (1 + exp(−x))`.
#[inline(always)]
pub(crate) fn silu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    simd.div_f32s(x, one_and_exp_of_minus(simd, x))
}
