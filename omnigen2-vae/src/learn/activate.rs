use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::{Flex, FlexTensor};
use burn::prelude::*;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{fresh, in_order, slice, tracked, wrap};
use crate::cpu::vector::{dispatch, lanes, sigmoid, sum};

/// SiLU of a group normalisation, recorded with its derivative.
///
/// # Shapes
/// - x and output: `[batch, channels, height, width]`
/// - scale, shift: `[channels]`
pub(crate) fn activated_norm(
    x: &Tensor<4>,
    [scale, shift]: [&Tensor<1>; 2],
    groups: usize,
    epsilon: f64,
) -> Option<Tensor<4>> {
    let [batch, channels, height, width] = x.dims();
    if !(height * width).is_multiple_of(lanes()?) {
        return None;
    }
    let (x, scale, shift) = (tracked(x)?, tracked(scale)?, tracked(shift)?);
    let nodes = [x.node(), scale.node(), shift.node()];
    let [x, scale, shift] = [&x, &scale, &shift].map(|x| in_order(x.primitive()));
    let mut norm = Norm { x, scale, shift, groups, channels, statistics: Vec::new() };
    norm.statistics = norm.measure(epsilon as f32);
    let out = fresh(norm.forward(), [batch, channels, height, width]);
    let out = match ActivatedNorm.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(norm, out),
        OpsKind::UnTracked(prep) => prep.finish(out),
    };
    Some(wrap(out))
}

#[derive(Clone, Debug)]
struct Norm {
    x: FlexTensor,
    scale: FlexTensor,
    shift: FlexTensor,
    groups: usize,
    channels: usize,
    /// Mean and reciprocal deviation of every image and group.
    statistics: Vec<[f32; 2]>,
}

impl Norm {
    fn images(&self) -> usize {
        self.x.layout().shape()[0]
    }

    /// Numbers of a group of an image.
    fn group(&self) -> usize {
        slice(&self.x).len() / (self.images() * self.groups)
    }

    fn plane(&self) -> usize {
        slice(&self.x).len() / (self.images() * self.channels)
    }

    fn measure(&self, epsilon: f32) -> Vec<[f32; 2]> {
        let groups = slice(&self.x).par_chunks_exact(self.group());
        groups.map(|group| dispatch(Measure { group, epsilon }).unwrap_or_default()).collect()
    }

    /// Scale and shift of every channel of a group, by its place in `[batch, groups]`.
    fn affine(&self, at: usize) -> impl Iterator<Item = [f32; 2]> {
        let count = self.channels / self.groups;
        let from = at % self.groups * count;
        let [scale, shift] = [&self.scale, &self.shift].map(|x| &slice(x)[from..from + count]);
        scale.iter().zip(shift).map(|(&scale, &shift)| [scale, shift])
    }

    fn forward(&self) -> Vec<f32> {
        let x = slice(&self.x);
        let mut out = vec![0.0; x.len()];
        let groups = out.par_chunks_exact_mut(self.group()).zip(x.par_chunks_exact(self.group())).enumerate();
        groups.for_each(|(at, (out, x))| {
            let [mean, factor] = self.statistics[at];
            let planes = out.chunks_exact_mut(self.plane()).zip(x.chunks_exact(self.plane()));
            for ((out, x), [scale, shift]) in planes.zip(self.affine(at)) {
                let scale = scale * factor;
                dispatch(Forward { out, x, scale, shift: shift - mean * scale });
            }
        });
        out
    }

    /// The gradient of the input, and of every image and channel the sums that make those of shift and scale.
    fn backward(&self, gradient: &[f32]) -> (Vec<f32>, Vec<[f32; 2]>) {
        let x = slice(&self.x);
        let mut out = vec![0.0; x.len()];
        let mut sums = vec![[0.0; 2]; self.images() * self.channels];
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
                *sums = dispatch(through).unwrap_or_default();
                means[0] += scale * sums[0] / self.group() as f32;
                means[1] += scale * sums[1] / self.group() as f32;
            }
            let planes = out.chunks_exact_mut(self.plane()).zip(x.chunks_exact(self.plane()));
            for ((out, x), [scale, _]) in planes.zip(self.affine(at)) {
                dispatch(Centre { out, x, statistics: [mean, factor], scale, means });
            }
        });
        (out, sums)
    }
}

#[derive(Debug)]
struct ActivatedNorm;

impl Backward<Flex, 3> for ActivatedNorm {
    type State = Norm;

    fn backward(self, ops: Ops<Norm, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let norm = ops.state;
        let gradient = in_order(&gradients.consume::<Flex>(&ops.node));
        let (numbers, sums) = norm.backward(slice(&gradient));
        let [to_x, to_scale, to_shift] = ops.parents;
        if let Some(node) = to_x {
            let dims: [usize; 4] = norm.x.layout().shape().dims();
            gradients.register::<Flex>(node.id, fresh(numbers, dims));
        }
        for (node, which) in [(to_scale, 1), (to_shift, 0)] {
            let Some(node) = node else { continue };
            let mut total = vec![0.0; norm.channels];
            for image in sums.chunks_exact(norm.channels) {
                total.iter_mut().zip(image).for_each(|(total, sums)| *total += sums[which]);
            }
            gradients.register::<Flex>(node.id, fresh(total, [norm.channels]));
        }
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
