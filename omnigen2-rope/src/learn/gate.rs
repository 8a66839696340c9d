use burn::backend::flex::FlexTensor;
use burn::prelude::*;
use pulp::{Simd, WithSimd};

use super::{Derivative, bare, record, tracked};
use crate::cpu;
use crate::cpu::exp::sigmoid;
use crate::cpu::flex::fresh;
use crate::cpu::simd::run;

/// Numbers of one task.
const TASK: usize = 1 << 14;

/// [`cpu::silu_gate`], recorded.
pub(crate) fn silu_gate<const D: usize>(gate: &Tensor<D>, up: &Tensor<D>) -> Option<Tensor<D>> {
    let (gate, up) = (tracked(gate)?, tracked(up)?);
    let gated = cpu::silu_gate(bare::<D>(&gate), &bare(&up)).ok()?;
    let [a, b] = [&gate, &up].map(|x| x.primitive().to_contiguous());
    record([&gate, &up], gated, Gated { gate: a, up: b })
}

#[derive(Clone, Debug)]
struct Gated {
    gate: FlexTensor,
    up: FlexTensor,
}

impl Derivative<2> for Gated {
    fn gradients(self, of_output: FlexTensor) -> [FlexTensor; 2] {
        let of_output = of_output.to_contiguous();
        let (gate, up) = (self.gate.storage::<f32>(), self.up.storage::<f32>());
        let [mut to_gate, mut to_up] = [vec![0.0; gate.len()], vec![0.0; up.len()]];
        let out = to_gate.chunks_mut(TASK).zip(to_up.chunks_mut(TASK));
        let seen = gate.chunks(TASK).zip(up.chunks(TASK)).zip(of_output.storage::<f32>().chunks(TASK));
        let tasks = out.zip(seen).map(|((to_gate, to_up), ((gate, up), gradient))| Back {
            seen: [gate, up, gradient],
            to_gate,
            to_up,
        });
        let is_large = gate.len() > 4 * TASK;
        run(tasks.collect(), is_large);
        [fresh(to_gate, self.gate.layout().shape().clone()), fresh(to_up, self.up.layout().shape().clone())]
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
        for i in 0..gates.len() {
            let (x, open) = (gates[i], sigmoid(simd, gates[i]));
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
