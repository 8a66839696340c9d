use burn::backend::flex::FlexTensor;
use burn::prelude::*;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::record::{Derivative, record, tracked};
use crate::cpu::exp::sigmoid;
use crate::cpu::registers::Registers;
use crate::cpu::sum::sum;
use crate::cpu::tensors::{Contiguous, fresh, tensor};

/// SiLU of a group normalisation, recorded with its derivative.
///
/// # Shapes
/// - x and output: `[batch, channels, height, width]`
/// - scale, shift: `[channels]`
pub fn group_norm_silu(
    x: &Tensor<4>,
    [scale, shift]: [&Tensor<1>; 2],
    groups: usize,
    epsilon: f64,
) -> Option<Tensor<4>> {
    let dims @ [images, channels, height, width] = x.dims();
    let registers = Registers::dividing(height * width)?;
    let inputs = [tracked(x)?, tracked(scale)?, tracked(shift)?];
    let [x, scale, shift] = inputs.each_ref().map(|input| Contiguous::from(input.primitive().clone()));
    let mut norm = Norm { registers, x, scale, shift, images, groups, channels, statistics: Vec::new() };
    norm.statistics = norm.measure(epsilon as f32);
    let out = tensor(norm.forward(), dims);
    Some(record(inputs.each_ref(), out, norm))
}

#[derive(Clone, Debug)]
struct Norm {
    registers: Registers,
    x: Contiguous,
    scale: Contiguous,
    shift: Contiguous,
    images: usize,
    groups: usize,
    channels: usize,
    /// Mean and reciprocal deviation of every image and group.
    statistics: Vec<[f32; 2]>,
}

impl Norm {
    /// Numbers of a group of an image.
    fn group(&self) -> usize {
        self.x.slice().len() / (self.images * self.groups)
    }

    fn plane(&self) -> usize {
        self.x.slice().len() / (self.images * self.channels)
    }

    fn measure(&self, epsilon: f32) -> Vec<[f32; 2]> {
        let groups = self.x.slice().par_chunks_exact(self.group());
        groups.map(|group| self.registers.run(Measure { group, epsilon })).collect()
    }

    /// Scale and shift of every channel of a group, by its place in `[batch, groups]`.
    fn affine(&self, at: usize) -> impl Iterator<Item = [f32; 2]> {
        let count = self.channels / self.groups;
        let from = at % self.groups * count;
        let [scale, shift] = [&self.scale, &self.shift].map(|x| &x.slice()[from..from + count]);
        scale.iter().zip(shift).map(|(&scale, &shift)| [scale, shift])
    }

    fn forward(&self) -> Vec<f32> {
        let x = self.x.slice();
        let mut out = vec![0.0; x.len()];
        let groups = out.par_chunks_exact_mut(self.group()).zip(x.par_chunks_exact(self.group())).enumerate();
        groups.for_each(|(at, (out, x))| {
            let [mean, factor] = self.statistics[at];
            let planes = out.chunks_exact_mut(self.plane()).zip(x.chunks_exact(self.plane()));
            for ((out, x), [scale, shift]) in planes.zip(self.affine(at)) {
                let scale = scale * factor;
                self.registers.run(Forward { out, x, scale, shift: shift - mean * scale });
            }
        });
        out
    }

    /// The gradient of the input, and of every image and channel the sums that make those of shift and scale.
    fn backward(&self, gradient: &[f32]) -> (Vec<f32>, Vec<[f32; 2]>) {
        let x = self.x.slice();
        let mut out = vec![0.0; x.len()];
        let mut sums = vec![[0.0; 2]; self.images * self.channels];
        let of_group = self.channels / self.groups;
        let groups = out.par_chunks_exact_mut(self.group()).zip(sums.par_chunks_exact_mut(of_group));
        groups.enumerate().for_each(|(at, (out, sums))| {
            let range = at * self.group()..(at + 1) * self.group();
            let (x, gradient) = (&x[range.clone()], &gradient[range]);
            let [mean, factor] = self.statistics[at];
            let mut means = [0.0; 2];
            let planes = out.chunks_exact_mut(self.plane()).zip(x.chunks_exact(self.plane()));
            let planes = planes.zip(gradient.chunks_exact(self.plane()));
            for ((((out, x), gradient), [scale, shift]), sums) in planes.zip(self.affine(at)).zip(&mut *sums)
            {
                let through =
                    Through { out, x, gradient, statistics: [mean, factor], affine: [scale, shift] };
                *sums = self.registers.run(through);
                means[0] += scale * sums[0] / self.group() as f32;
                means[1] += scale * sums[1] / self.group() as f32;
            }
            let planes = out.chunks_exact_mut(self.plane()).zip(x.chunks_exact(self.plane()));
            for ((out, x), [scale, _]) in planes.zip(self.affine(at)) {
                self.registers.run(Centre { out, x, statistics: [mean, factor], scale, means });
            }
        });
        (out, sums)
    }
}

impl Derivative<3> for Norm {
    fn gradients(self, of_output: FlexTensor, _: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let (numbers, sums) = self.backward(Contiguous::from(of_output).slice());
        let total = |which: usize| {
            let mut total = vec![0.0; self.channels];
            for image in sums.chunks_exact(self.channels) {
                total.iter_mut().zip(image).for_each(|(total, sums)| *total += sums[which]);
            }
            fresh(total, [self.channels].into())
        };
        [Some(fresh(numbers, self.x.shape())), Some(total(1)), Some(total(0))]
    }
}

struct Measure<'a> {
    group: &'a [f32],
    epsilon: f32,
}

impl WithSimd for Measure<'_> {
    type Output = [f32; 2];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f32; 2] {
        let count = self.group.len() as f32;
        let mean = sum::<S, false>(simd, self.group, 0.0) / count;
        let variance = sum::<S, true>(simd, self.group, mean) / count;
        [mean, (variance + self.epsilon).sqrt().recip()]
    }
}

struct Forward<'a> {
    out: &'a mut [f32],
    x: &'a [f32],
    scale: f32,
    shift: f32,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (scale, shift) = (simd.splat_f32s(self.scale), simd.splat_f32s(self.shift));
        let (out, x) = (S::as_mut_simd_f32s(self.out).0, S::as_simd_f32s(self.x).0);
        for (out, x) in out.iter_mut().zip(x) {
            let z = simd.mul_add_e_f32s(*x, scale, shift);
            *out = simd.mul_f32s(z, sigmoid(simd, z));
        }
    }
}

/// Takes the gradient back through SiLU, into `out`, and sums it up: alone, and times the normalised input.
struct Through<'a> {
    out: &'a mut [f32],
    x: &'a [f32],
    gradient: &'a [f32],
    statistics: [f32; 2],
    affine: [f32; 2],
}

impl WithSimd for Through<'_> {
    type Output = [f32; 2];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f32; 2] {
        let [mean, factor] = self.statistics.map(|x| simd.splat_f32s(x));
        let [scale, shift] = self.affine.map(|x| simd.splat_f32s(x));
        let one = simd.splat_f32s(1.0);
        let mut sums = [simd.splat_f32s(0.0); 2];
        let (out, x) = (S::as_mut_simd_f32s(self.out).0, S::as_simd_f32s(self.x).0);
        let gradient = S::as_simd_f32s(self.gradient).0;
        for ((out, x), gradient) in out.iter_mut().zip(x).zip(gradient) {
            let normalised = simd.mul_f32s(simd.sub_f32s(*x, mean), factor);
            let z = simd.mul_add_e_f32s(normalised, scale, shift);
            let gate = sigmoid(simd, z);
            let slope = simd.mul_f32s(gate, simd.mul_add_e_f32s(z, simd.sub_f32s(one, gate), one));
            *out = simd.mul_f32s(*gradient, slope);
            sums[0] = simd.add_f32s(sums[0], *out);
            sums[1] = simd.mul_add_e_f32s(*out, normalised, sums[1]);
        }
        [simd.reduce_sum_f32s(sums[0]), simd.reduce_sum_f32s(sums[1])]
    }
}

/// Takes the gradient back through the normalisation, where it lies.
struct Centre<'a> {
    out: &'a mut [f32],
    x: &'a [f32],
    statistics: [f32; 2],
    scale: f32,
    /// Of the group's gradient after scaling, alone and times the normalised input.
    means: [f32; 2],
}

impl WithSimd for Centre<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let [mean, factor] = self.statistics.map(|x| simd.splat_f32s(x));
        let [first, second] = self.means.map(|x| simd.splat_f32s(x));
        let scale = simd.splat_f32s(self.scale);
        let (out, x) = (S::as_mut_simd_f32s(self.out).0, S::as_simd_f32s(self.x).0);
        for (out, x) in out.iter_mut().zip(x) {
            let normalised = simd.mul_f32s(simd.sub_f32s(*x, mean), factor);
            let common = simd.mul_add_e_f32s(normalised, second, first);
            *out = simd.mul_f32s(factor, simd.sub_f32s(simd.mul_f32s(*out, scale), common));
        }
    }
}
