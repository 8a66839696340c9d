//! The gradient of a convolution's weight: how the gradient of its output goes with what it saw.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::padded::{BLOCK, Padded};
use crate::cpu::registers::Registers;
use crate::cpu::sum::sum;

/// `[outputs, inputs, side, side]` of a convolution of `map`.
///
/// # Shapes
/// - gradient: of the output, `[batch, outputs, height, width]`
pub(super) fn weight_gradient(
    registers: Registers,
    map: &Padded,
    gradient: &[f32],
    outputs: usize,
) -> Vec<f32> {
    let taps = map.side * map.side;
    let blocks = outputs.div_ceil(BLOCK);
    let mut sums = vec![[0.0; BLOCK]; blocks * map.channels * taps];
    sums.par_chunks_exact_mut(taps).enumerate().for_each(|(i, sums)| {
        let task = Task { map, gradient, outputs, block: i / map.channels, input: i % map.channels, sums };
        match map.side {
            1 => registers.run(Sided::<1>(task)),
            _ => registers.run(Sided::<3>(task)),
        }
    });
    let mut out = Vec::with_capacity(outputs * map.channels * taps);
    for output in 0..outputs {
        let block = &sums[output / BLOCK * map.channels * taps..][..map.channels * taps];
        out.extend(block.iter().map(|sums| sums[output % BLOCK]));
    }
    out
}

/// The sums over all pixels of all images: `[outputs]`.
pub(super) fn bias_gradient(
    registers: Registers,
    gradient: &[f32],
    [outputs, pixels]: [usize; 2],
) -> Vec<f32> {
    let mut sums = vec![0.0; outputs];
    for image in gradient.chunks_exact(outputs * pixels) {
        for (sum, plane) in sums.iter_mut().zip(image.chunks_exact(pixels)) {
            *sum += registers.run(Sum(plane));
        }
    }
    sums
}

struct Sum<'a>(&'a [f32]);

impl WithSimd for Sum<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        sum::<S, false>(simd, self.0, 0.0)
    }
}

struct Task<'a> {
    map: &'a Padded,
    gradient: &'a [f32],
    outputs: usize,
    block: usize,
    input: usize,
    /// For every tap.
    sums: &'a mut [[f32; BLOCK]],
}

struct Sided<'a, const SIDE: usize>(Task<'a>);

impl<const SIDE: usize> WithSimd for Sided<'_, SIDE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Task { map, gradient, outputs, block, input, sums } = self.0;
        let pixels = map.height * map.width;
        for (dy, sums) in sums.chunks_exact_mut(SIDE).enumerate() {
            let mut totals = [[simd.splat_f32s(0.0); SIDE]; BLOCK];
            let images = gradient.chunks_exact(outputs * pixels).zip(map.numbers.chunks_exact(map.image()));
            for (gradient, image) in images {
                // A block that reaches beyond the last channel reads it again, and the sums are thrown away.
                let mut planes: [&[f32]; BLOCK] = [&[]; BLOCK];
                for (c, plane) in planes.iter_mut().enumerate() {
                    *plane = &gradient[(block * BLOCK + c).min(outputs - 1) * pixels..][..pixels];
                }
                let plane = &image[input * map.plane()..][..map.plane()];
                for y in 0..map.height {
                    let row = &plane[(y + dy) * map.stride()..][..map.stride()];
                    let mut gradients: [&[f32]; BLOCK] = [&[]; BLOCK];
                    for c in 0..BLOCK {
                        gradients[c] = &planes[c][y * map.width..][..map.width];
                    }
                    add_row::<S, SIDE>(simd, row, gradients, &mut totals);
                }
            }
            for c in 0..BLOCK {
                for dx in 0..SIDE {
                    sums[dx][c] = simd.reduce_sum_f32s(totals[c][dx]);
                }
            }
        }
    }
}

#[inline(always)]
fn add_row<S: Simd, const SIDE: usize>(
    simd: S,
    row: &[f32],
    gradients: [&[f32]; BLOCK],
    totals: &mut [[S::f32s; SIDE]; BLOCK],
) {
    let width = gradients[0].len();
    for at in (0..width).step_by(S::F32_LANES) {
        let mut x = [simd.splat_f32s(0.0); SIDE];
        for dx in 0..SIDE {
            x[dx] = S::as_simd_f32s(&row[at + dx..at + dx + S::F32_LANES]).0[0];
        }
        for c in 0..BLOCK {
            let gradient = S::as_simd_f32s(&gradients[c][at..at + S::F32_LANES]).0[0];
            for dx in 0..SIDE {
                totals[c][dx] = simd.mul_add_e_f32s(gradient, x[dx], totals[c][dx]);
            }
        }
    }
}
