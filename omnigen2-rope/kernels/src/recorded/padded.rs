//! Maps with zeros around them, and products of vectors of their pixels with weights.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::cpu::registers::Registers;

/// Output channels that are summed together.
pub(super) const BLOCK: usize = 4;
/// Vectors of pixels that are summed together: with their sums they just fit the registers.
const VECTORS: usize = 3;

/// A batch of maps as convolutions read them.
pub(super) struct Padded {
    pub(super) numbers: Vec<f32>,
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    /// The side of the window that moves over it.
    pub(super) side: usize,
}

impl Padded {
    /// # Shapes
    /// - x: `[batch, channels, height, width]`
    pub(super) fn new(x: &[f32], [channels, height, width]: [usize; 3], side: usize) -> Self {
        let rim = side / 2;
        let stride = width + 2 * rim;
        let plane = (height + 2 * rim) * stride;
        let mut numbers = vec![0.0; x.len() / (height * width) * plane];
        let planes = numbers.par_chunks_exact_mut(plane).zip(x.par_chunks_exact(height * width));
        planes.for_each(|(padded, plain)| {
            let rows = padded[rim * stride..].chunks_mut(stride).zip(plain.chunks_exact(width));
            rows.for_each(|(padded, plain)| padded[rim..rim + width].copy_from_slice(plain));
        });
        Self { numbers, channels, height, width, side }
    }

    pub(super) fn stride(&self) -> usize {
        self.width + 2 * (self.side / 2)
    }

    pub(super) fn plane(&self) -> usize {
        (self.height + 2 * (self.side / 2)) * self.stride()
    }

    pub(super) fn image(&self) -> usize {
        self.channels * self.plane()
    }
}

/// Weights in blocks of output channels: `[blocks, input, side, side, BLOCK]`.
///
/// # Shapes
/// - weight: `at(output, input, tap)`
pub(super) fn pack([outputs, inputs, taps]: [usize; 3], at: impl Fn([usize; 3]) -> f32) -> Vec<[f32; BLOCK]> {
    let blocks = outputs.div_ceil(BLOCK);
    let mut packed = vec![[0.0; BLOCK]; blocks * inputs * taps];
    for (i, weights) in packed.iter_mut().enumerate() {
        let (block, input, tap) = (i / (inputs * taps), i / taps % inputs, i % taps);
        for (c, weight) in weights.iter_mut().enumerate() {
            let output = block * BLOCK + c;
            *weight = if output < outputs { at([output, input, tap]) } else { 0.0 };
        }
    }
    packed
}

/// The weights of a convolution as it reads them.
pub(super) struct Weights<'a> {
    /// By [`pack`].
    pub(super) packed: &'a [[f32; BLOCK]],
    /// `[outputs]`, or empty.
    pub(super) bias: &'a [f32],
    pub(super) outputs: usize,
}

/// The convolution of every map: `[batch, outputs, height, width]`.
pub(super) fn convolve(registers: Registers, map: &Padded, weights: Weights<'_>) -> Vec<f32> {
    let Weights { packed, bias, outputs } = weights;
    let pixels = map.height * map.width;
    let images = map.numbers.len() / map.image();
    let weights = map.channels * map.side * map.side;
    let mut out = vec![0.0; images * outputs * pixels];
    let tasks = out.par_chunks_mut(outputs * pixels).zip(map.numbers.par_chunks_exact(map.image()));
    tasks.for_each(|(out, image)| {
        let blocks = out.chunks_mut(BLOCK * pixels).zip(packed.chunks_exact(weights)).enumerate();
        for (block, (out, weights)) in blocks {
            let bias = bias.get(block * BLOCK..).unwrap_or_default();
            let task = Block { map, image, weights, bias, out };
            match map.side {
                1 => registers.run(Sided::<1>(task)),
                _ => registers.run(Sided::<3>(task)),
            }
        }
    });
    out
}

struct Block<'a> {
    map: &'a Padded,
    image: &'a [f32],
    weights: &'a [[f32; BLOCK]],
    bias: &'a [f32],
    out: &'a mut [f32],
}

struct Sided<'a, const SIDE: usize>(Block<'a>);

impl<const SIDE: usize> WithSimd for Sided<'_, SIDE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Block { map, image, weights, bias, out } = self.0;
        let per_row = map.width / S::F32_LANES;
        let vectors = map.height * per_row;
        let mut at = 0;
        while at < vectors {
            let mut starts = [0; VECTORS];
            let count = VECTORS.min(vectors - at);
            for (v, start) in starts.iter_mut().enumerate() {
                // A vector too many is computed again and thrown away.
                let vector = (at + v).min(vectors - 1);
                *start = vector / per_row * map.stride() + vector % per_row * S::F32_LANES;
            }
            let sums = window::<S, SIDE>(simd, [map.plane(), map.stride()], image, (starts, weights));
            for (c, (sums, plane)) in
                sums.iter().zip(out.chunks_exact_mut(map.height * map.width)).enumerate()
            {
                let bias = simd.splat_f32s(if c < bias.len() { bias[c] } else { 0.0 });
                let (plane, _) = S::as_mut_simd_f32s(&mut plane[at * S::F32_LANES..]);
                for v in 0..count {
                    plane[v] = simd.add_f32s(sums[v], bias);
                }
            }
            at += VECTORS;
        }
    }
}

#[inline(always)]
fn window<S: Simd, const SIDE: usize>(
    simd: S,
    [plane, stride]: [usize; 2],
    image: &[f32],
    (starts, weights): ([usize; VECTORS], &[[f32; BLOCK]]),
) -> [[S::f32s; VECTORS]; BLOCK] {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; BLOCK];
    for (plane, weights) in image.chunks_exact(plane).zip(weights.chunks_exact(SIDE * SIDE)) {
        for dy in 0..SIDE {
            for dx in 0..SIDE {
                let weight = weights[dy * SIDE + dx];
                let mut x = [simd.splat_f32s(0.0); VECTORS];
                for v in 0..VECTORS {
                    let start = starts[v] + dy * stride + dx;
                    x[v] = S::as_simd_f32s(&plane[start..start + S::F32_LANES]).0[0];
                }
                for c in 0..BLOCK {
                    let weight = simd.splat_f32s(weight[c]);
                    for v in 0..VECTORS {
                        sums[c][v] = simd.mul_add_e_f32s(weight, x[v], sums[c][v]);
                    }
                }
            }
        }
    }
    sums
}
