use burn::backend::flex::FlexTensor;
use burn::prelude::*;
use pulp::{Simd, WithSimd};

use super::record::{Derivative, bare, record, tracked};
use crate::cpu::registers::Registers;
use crate::cpu::tensors::{Contiguous, fresh};

/// Numbers of one task.
const TASK: usize = 1 << 14;

/// [`rms_norm`](crate::rms_norm), recorded.
///
/// # Shapes
/// - x: `[batch, .., channels]`
/// - scale: `[batch or 1, 1.., channels]`
pub fn rms_norm<const D: usize>(x: &Tensor<D>, scale: &Tensor<D>, epsilon: f64) -> Option<Tensor<D>> {
    let (x, scale) = (tracked(x)?, tracked(scale)?);
    let normalised = crate::rms_norm(bare::<D>(&x), &bare(&scale), epsilon).ok()?;
    let [a, b] = [&x, &scale].map(|x| x.primitive().clone().into());
    let state = Normalised { registers: Registers::find()?, x: a, scale: b, epsilon: epsilon as f32 };
    Some(record([&x, &scale], normalised, state))
}

#[derive(Clone, Debug)]
struct Normalised {
    registers: Registers,
    x: Contiguous,
    scale: Contiguous,
    epsilon: f32,
}

impl Derivative<2> for Normalised {
    fn gradients(self, of_output: FlexTensor, _: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let of_output = Contiguous::from(of_output);
        let (x, scale) = (self.x.slice(), self.scale.slice());
        let channels = self.x.shape().iter().last().copied().unwrap_or(1);
        let images = scale.len() / channels;
        let image = x.len() / images;
        let task = (TASK / channels).max(1) * channels;
        let of_image = image.div_ceil(task);
        let mut to_x = vec![0.0; x.len()];
        // Every task has its own sums, which are added in order afterwards.
        let mut parts = vec![0.0; images * of_image * channels];
        let seen = x.chunks(image).zip(of_output.slice().chunks(image)).zip(scale.chunks(channels));
        let out = to_x.chunks_mut(image).zip(parts.chunks_mut(of_image * channels));
        let tasks = seen.zip(out).flat_map(|(((x, gradient), scale), (to_x, parts))| {
            let rows = x.chunks(task).zip(gradient.chunks(task));
            let out = to_x.chunks_mut(task).zip(parts.chunks_mut(channels));
            rows.zip(out).map(move |((x, gradient), (to_x, to_scale))| Back {
                x,
                gradient,
                scale,
                to_x,
                to_scale,
                epsilon: self.epsilon,
            })
        });
        let is_large = x.len() > 4 * TASK;
        self.registers.run_all(tasks.collect(), is_large);
        let mut to_scale = vec![0.0; scale.len()];
        for (sums, parts) in to_scale.chunks_mut(channels).zip(parts.chunks(of_image * channels)) {
            for part in parts.chunks(channels) {
                sums.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
            }
        }
        [Some(fresh(to_x, self.x.shape())), Some(fresh(to_scale, self.scale.shape()))]
    }
}

/// Some rows that share a scale.
struct Back<'a> {
    x: &'a [f32],
    gradient: &'a [f32],
    scale: &'a [f32],
    to_x: &'a mut [f32],
    to_scale: &'a mut [f32],
    epsilon: f32,
}

impl WithSimd for Back<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.scale.len();
        let (scales, scale) = S::as_simd_f32s(self.scale);
        let (sums, sum) = S::as_mut_simd_f32s(self.to_scale);
        let rows = self.x.chunks_exact(channels).zip(self.gradient.chunks_exact(channels));
        for ((x, gradient), out) in rows.zip(self.to_x.chunks_exact_mut(channels)) {
            let ((xs, x), (gradients, gradient)) = (S::as_simd_f32s(x), S::as_simd_f32s(gradient));
            let (outs, out) = S::as_mut_simd_f32s(out);
            let (mut squares, mut along) = (simd.splat_f32s(0.0), simd.splat_f32s(0.0));
            for i in 0..xs.len() {
                squares = simd.mul_add_e_f32s(xs[i], xs[i], squares);
                along = simd.mul_add_e_f32s(simd.mul_f32s(gradients[i], scales[i]), xs[i], along);
            }
            let (mut square, mut with) = (simd.reduce_sum_f32s(squares), simd.reduce_sum_f32s(along));
            for i in 0..x.len() {
                square += x[i] * x[i];
                with += gradient[i] * scale[i] * x[i];
            }
            let factor = (square / channels as f32 + self.epsilon).sqrt().recip();
            let back = with * factor * factor * factor / channels as f32;
            let (factors, backs) = (simd.splat_f32s(factor), simd.splat_f32s(-back));
            for i in 0..xs.len() {
                let straight = simd.mul_f32s(simd.mul_f32s(gradients[i], scales[i]), factors);
                outs[i] = simd.mul_add_e_f32s(xs[i], backs, straight);
                sums[i] = simd.mul_add_e_f32s(gradients[i], simd.mul_f32s(xs[i], factors), sums[i]);
            }
            for i in 0..x.len() {
                out[i] = gradient[i] * scale[i] * factor - x[i] * back;
                sum[i] += gradient[i] * x[i] * factor;
            }
        }
    }
}
