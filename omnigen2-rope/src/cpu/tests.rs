use burn::prelude::*;
use pulp::{Simd, WithSimd};

use super::exp::exp;
use super::simd::{WIDEST, dispatch};
use super::stored::Stored;
use super::{attend, project, rms_norm, rotate, silu_gate};
use crate::attention::Sight;

/// Units of the last place, of `exp`.
const UNITS: f64 = 2.0;

struct Exp(Vec<f32>);

impl WithSimd for Exp {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> Vec<f32> {
        for x in S::as_mut_simd_f32s(&mut self.0).0 {
            *x = exp(simd, *x);
        }
        self.0
    }
}

#[test]
fn exp_is_right_to_two_units() {
    let xs: Vec<f32> = (0..1 << 20).map(|i| -87.0 * i as f32 / (1 << 20) as f32).collect();
    let Some(ys) = dispatch(Exp(xs.clone())) else { return };
    for (&x, y) in xs.iter().zip(ys) {
        let exact = f64::from(x).exp();
        let unit = f64::from((exact as f32).next_up() - exact as f32);
        assert!((f64::from(y) - exact).abs() < UNITS * unit, "exp({x}) = {y}");
    }
}

#[test]
fn exp_of_the_ends_and_of_nan() {
    let of = |x: f32| dispatch(Exp(vec![x; WIDEST])).map(|ys| ys[0]);
    assert!([Some(0.0), None].contains(&of(f32::NEG_INFINITY)));
    assert!([Some(1.0), None].contains(&of(0.0)));
    assert!(of(f32::NAN).is_none_or(f32::is_nan));
}

#[test]
fn every_f16_widens() {
    for bits in 0..=u16::MAX {
        let x = burn::tensor::f16::from_bits(bits);
        let (ours, theirs) = (x.widen(), x.to_f32());
        assert!(ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan(), "{bits:x}");
    }
}

#[test]
fn kernels_run_where_registers_are_wide() {
    let device = Device::flex();
    let is_wide = super::simd::is_wide();
    let x = Tensor::<4>::ones([1, 2, 20, 8], &device);
    let table = Tensor::<3>::ones([1, 20, 4], &device);
    let rows = Tensor::<2>::ones([2, 8], &device);
    assert_eq!(attend(&x, &x, &x, Sight::Causal).is_some(), is_wide);
    assert_eq!(rotate::<true>(&x, &table, &table).is_some(), is_wide);
    assert_eq!(project(&rows, &rows).is_some(), is_wide);
    assert_eq!(silu_gate(rows.clone(), &rows).is_ok(), is_wide);
    assert_eq!(rms_norm(rows.clone(), &rows.narrow(0, 0, 1), 0.0).is_ok(), is_wide);
}
