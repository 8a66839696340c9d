use burn::prelude::*;
use pulp::{Simd, WithSimd};

use super::exp::exp;
use super::registers::{Registers, WIDEST};
use crate::{AttentionMask, attend, project, rms_norm, rotate, silu_gate};

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
    let Some(registers) = Registers::find() else { return };
    let ys = registers.run(Exp(xs.clone()));
    for (&x, y) in xs.iter().zip(ys) {
        let exact = f64::from(x).exp();
        let unit = f64::from((exact as f32).next_up() - exact as f32);
        assert!((f64::from(y) - exact).abs() < UNITS * unit, "exp({x}) = {y}");
    }
}

#[test]
fn exp_of_the_ends_and_of_nan() {
    let Some(registers) = Registers::find() else { return };
    let of = |x: f32| registers.run(Exp(vec![x; WIDEST]))[0];
    assert_eq!([of(f32::NEG_INFINITY), of(0.0)], [0.0, 1.0]);
    assert!(of(f32::NAN).is_nan());
}

#[test]
fn kernels_run_where_registers_are_wide() {
    let device = Device::flex();
    let is_wide = Registers::find().is_some();
    let x = Tensor::<4>::ones([1, 2, 20, 8], &device);
    let table = Tensor::<3>::ones([1, 20, 4], &device);
    let rows = Tensor::<2>::ones([2, 8], &device);
    assert_eq!(attend(&x, &x, &x, &AttentionMask::Causal).is_some(), is_wide);
    assert_eq!(rotate::<true>(&x, &table, &table).is_some(), is_wide);
    assert_eq!(project(&rows, &rows).is_some(), is_wide);
    assert_eq!(silu_gate(rows.clone(), &rows).is_ok(), is_wide);
    assert_eq!(rms_norm(rows.clone(), &rows.narrow(0, 0, 1), 0.0).is_ok(), is_wide);
}
