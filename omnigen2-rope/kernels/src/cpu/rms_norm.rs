use burn::prelude::*;
use pulp::{Simd, WithSimd};

use super::registers::Registers;
use super::tensors::{self, Contiguous};

/// Numbers of one task.
const TASK: usize = 1 << 14;

/// `x / √(mean(x²) + epsilon) · scale` over the last axis, in the memory of `x` if nothing else holds it.
///
/// # Shapes
/// - x: `[batch, .., channels]`
/// - scale: `[batch or 1, 1.., channels]`
///
/// # Errors
/// The tensor, if there is no kernel.
pub fn rms_norm<const D: usize>(
    x: Tensor<D>,
    scale: &Tensor<D>,
    epsilon: f64,
) -> Result<Tensor<D>, Tensor<D>> {
    let channels = x.dims()[D - 1];
    let images = scale.dims().iter().product::<usize>() / channels.max(1);
    if x.dims().contains(&0) || scale.dims()[D - 1] != channels || ![1, x.dims()[0]].contains(&images) {
        return Err(x);
    }
    let (Some(registers), Some(scale)) = (Registers::find(), Contiguous::of(scale)) else { return Err(x) };
    let mut x = tensors::own(x)?;
    let numbers = x.storage_mut::<f32>();
    let is_large = numbers.len() > 4 * TASK;
    let image = numbers.len() / images;
    let task = (TASK / channels).max(1) * channels;
    let scales = scale.slice().chunks(channels);
    let tasks = numbers.chunks_mut(image).zip(scales).flat_map(|(rows, scale)| {
        rows.chunks_mut(task).map(move |rows| Norm { rows, scale, epsilon: epsilon as f32 })
    });
    registers.run_all(tasks.collect(), is_large);
    Ok(tensors::wrap(x))
}

struct Norm<'a> {
    rows: &'a mut [f32],
    scale: &'a [f32],
    epsilon: f32,
}

impl WithSimd for Norm<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.scale.len();
        let (scales, scale) = S::as_simd_f32s(self.scale);
        for row in self.rows.chunks_exact_mut(channels) {
            let factor = (sum_of_squares(simd, row) / channels as f32 + self.epsilon).sqrt().recip();
            let factors = simd.splat_f32s(factor);
            let (vectors, rest) = S::as_mut_simd_f32s(row);
            for (x, scale) in vectors.iter_mut().zip(scales) {
                *x = simd.mul_f32s(simd.mul_f32s(*x, factors), *scale);
            }
            for (x, scale) in rest.iter_mut().zip(scale) {
                *x = *x * factor * scale;
            }
        }
    }
}

/// In four sums, which hide the latency of an addition and keep more digits than one.
#[inline(always)]
fn sum_of_squares<S: Simd>(simd: S, row: &[f32]) -> f32 {
    let (vectors, rest) = S::as_simd_f32s(row);
    let (fours, last) = vectors.as_chunks::<4>();
    let mut sums = [simd.splat_f32s(0.0); 4];
    for four in fours {
        for (sum, x) in sums.iter_mut().zip(four) {
            *sum = simd.mul_add_e_f32s(*x, *x, *sum);
        }
    }
    for (sum, x) in sums.iter_mut().zip(last) {
        *sum = simd.mul_add_e_f32s(*x, *x, *sum);
    }
    let [a, b, c, d] = sums;
    let mut total = simd.reduce_sum_f32s(simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d)));
    for x in rest {
        total += x * x;
    }
    total
}
