use burn::backend::flex::FlexTensor;
use burn::prelude::*;
use pulp::{Simd, WithSimd};

use super::record::{Derivative, bare, record, tracked};
use crate::cpu::exp::sigmoid;
use crate::cpu::registers::Registers;
use crate::cpu::tensors::{Contiguous, fresh};

/// Numbers of one task.
const TASK: usize = 1 << 14;

/// [`silu_gate`](crate::silu_gate), recorded.
pub fn silu_gate<const D: usize>(gate: &Tensor<D>, up: &Tensor<D>) -> Option<Tensor<D>> {
    let (gate, up) = (tracked(gate)?, tracked(up)?);
    let gated = crate::silu_gate(bare::<D>(&gate), &bare(&up)).ok()?;
    let [a, b] = [&gate, &up].map(|x| x.primitive().clone().into());
    Some(record([&gate, &up], gated, Gated { registers: Registers::find()?, gate: a, up: b }))
}

#[derive(Clone, Debug)]
struct Gated {
    registers: Registers,
    gate: Contiguous,
    up: Contiguous,
}

impl Derivative<2> for Gated {
    fn gradients(self, of_output: FlexTensor, _: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let of_output = Contiguous::from(of_output);
        let (gate, up) = (self.gate.slice(), self.up.slice());
        let [mut to_gate, mut to_up] = [vec![0.0; gate.len()], vec![0.0; up.len()]];
        let out = to_gate.chunks_mut(TASK).zip(to_up.chunks_mut(TASK));
        let seen = gate.chunks(TASK).zip(up.chunks(TASK)).zip(of_output.slice().chunks(TASK));
        let tasks = out.zip(seen).map(|((to_gate, to_up), ((gate, up), gradient))| Back {
            seen: [gate, up, gradient],
            to_gate,
            to_up,
        });
        let is_large = gate.len() > 4 * TASK;
        self.registers.run_all(tasks.collect(), is_large);
        [Some(fresh(to_gate, self.gate.shape())), Some(fresh(to_up, self.up.shape()))]
    }
}

struct Back<'a> {
    /// The gate, what it lets through, and the gradient.
    seen: [&'a [f32]; 3],
    to_gate: &'a mut [f32],
    to_up: &'a mut [f32],
}

impl WithSimd for Back<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let [(gates, gate), (ups, up), (gradients, gradient)] = self.seen.map(|x| S::as_simd_f32s(x));
        let ((to_gates, to_gate), (to_ups, to_up)) =
            (S::as_mut_simd_f32s(self.to_gate), S::as_mut_simd_f32s(self.to_up));
        let one = simd.splat_f32s(1.0);
        // Below this, what is open would be no normal number.
        let lowest = simd.splat_f32s(-87.0);
        for i in 0..gates.len() {
            let (x, open) = (gates[i], sigmoid(simd, simd.max_f32s(lowest, gates[i])));
            let slope = simd.mul_f32s(open, simd.mul_add_e_f32s(x, simd.sub_f32s(one, open), one));
            to_gates[i] = simd.mul_f32s(simd.mul_f32s(gradients[i], ups[i]), slope);
            to_ups[i] = simd.mul_f32s(gradients[i], simd.mul_f32s(x, open));
        }
        for i in 0..gate.len() {
            let open = 1.0 / (1.0 + (-gate[i]).exp());
            to_gate[i] = gradient[i] * up[i] * open * (1.0 + gate[i] * (1.0 - open));
            to_up[i] = gradient[i] * gate[i] * open;
        }
    }
}
