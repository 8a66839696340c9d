use burn::prelude::*;
use pulp::{Simd, WithSimd};

use super::exp::exp;
use super::registers::Registers;
use super::tensors::{self, Contiguous};

/// Numbers of one task.
const TASK: usize = 1 << 14;

/// `silu(gate) · up`, in the memory of `gate` if nothing else holds it.
///
/// # Errors
/// The gate, if there is no kernel.
pub fn silu_gate<const D: usize>(gate: Tensor<D>, up: &Tensor<D>) -> Result<Tensor<D>, Tensor<D>> {
    let (Some(registers), Some(up)) = (Registers::find(), Contiguous::of(up)) else { return Err(gate) };
    let mut gate = tensors::own(gate)?;
    let numbers = gate.storage_mut::<f32>();
    let is_large = numbers.len() > 4 * TASK;
    let tasks = numbers.chunks_mut(TASK).zip(up.slice().chunks(TASK));
    registers.run_all(tasks.map(|(gate, up)| Gate { gate, up }).collect(), is_large);
    Ok(tensors::wrap(gate))
}

struct Gate<'a> {
    gate: &'a mut [f32],
    up: &'a [f32],
}

impl WithSimd for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (gates, gate) = S::as_mut_simd_f32s(self.gate);
        let (ups, up) = S::as_simd_f32s(self.up);
        for (gate, up) in gates.iter_mut().zip(ups) {
            *gate = simd.mul_f32s(silu(simd, *gate), *up);
        }
        for (gate, up) in gate.iter_mut().zip(up) {
            *gate = *gate / (1.0 + (-*gate).exp()) * up;
        }
    }
}

/// `x · sigmoid(x)`, by the exponential of `-|x|`, which cannot overflow.
#[inline(always)]
fn silu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    let e = exp(simd, simd.neg_f32s(simd.abs_f32s(x)));
    let above = simd.select_f32s(simd.less_than_f32s(x, simd.splat_f32s(0.0)), e, one);
    simd.mul_f32s(x, simd.div_f32s(above, simd.add_f32s(one, e)))
}
