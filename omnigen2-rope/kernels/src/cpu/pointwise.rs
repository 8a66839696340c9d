//! 1×1 convolutions to fewer channels, in the memory of their input.

use burn::prelude::*;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::registers::Registers;
use super::tensors::{Contiguous, WritableMap};
use super::tile::{ROWS, WIDE, packed_tile};

/// Pixels that a task computes, in panels.
const PANELS: usize = 8;

/// A 1×1 convolution that leaves its output where the map was.
///
/// # Shapes
/// - x: `[batch, input, height, width]`
/// - weight: `[output, input, 1, 1]`
/// - bias: `[output]`
/// - output: `[batch, output, height, width]`
///
/// # Errors
/// The map, if it is not in F32 on flex, records gradients, is held elsewhere too, or has fewer channels than the
/// output.
pub fn pointwise_in_place(
    x: Tensor<4>,
    weight: &Tensor<4>,
    bias: &Tensor<1>,
) -> Result<Tensor<4>, Tensor<4>> {
    let [batch, input, height, width] = x.dims();
    let [output, ..] = weight.dims();
    let Some(registers) = Registers::find() else { return Err(x) };
    let (Some(kernel), Some(bias)) = (Contiguous::of(weight), Contiguous::of(bias)) else { return Err(x) };
    if output > input || height * width == 0 {
        return Err(x);
    }
    let mut map = WritableMap::of(x)?;
    if map.is_shared() {
        return Err(map.tensor());
    }
    let weight = Weight { panels: panels(kernel.slice(), input), bias: bias.slice(), input };
    let (before, after) = (input * height * width, output * height * width);
    let numbers = map.slice();
    for image in numbers.chunks_mut(before) {
        project(registers, image, height * width, &weight);
    }
    for image in 1..batch {
        numbers.copy_within(image * before..image * before + after, image * after);
    }
    Ok(map.shortened([batch, output, height, width]))
}

struct Weight<'a> {
    /// `[panels of ROWS outputs, input, ROWS]`.
    panels: Vec<f32>,
    bias: &'a [f32],
    input: usize,
}

fn panels(weight: &[f32], input: usize) -> Vec<f32> {
    let rows: Vec<&[f32]> = weight.chunks(input).collect();
    let mut panels = vec![0.0; rows.len().div_ceil(ROWS) * ROWS * input];
    for (panel, rows) in panels.chunks_mut(ROWS * input).zip(rows.chunks(ROWS)) {
        for (r, row) in rows.iter().enumerate() {
            for (step, &x) in panel.chunks_mut(ROWS).zip(*row) {
                step[r] = x;
            }
        }
    }
    panels
}

fn project(registers: Registers, image: &mut [f32], pixels: usize, weight: &Weight<'_>) {
    let block = PANELS * WIDE * registers.lanes();
    let mut blocks: Vec<Vec<&mut [f32]>> = Vec::new();
    blocks.resize_with(pixels.div_ceil(block), || Vec::with_capacity(weight.input));
    for channel in image.chunks_mut(pixels) {
        for (block, part) in blocks.iter_mut().zip(channel.chunks_mut(block)) {
            block.push(part);
        }
    }
    blocks.into_par_iter().with_max_len(1).for_each(|channels| registers.run(Block { channels, weight }));
}

struct Block<'a> {
    /// The same pixels of every channel.
    channels: Vec<&'a mut [f32]>,
    weight: &'a Weight<'a>,
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let Weight { panels, bias, input } = self.weight;
        let panel = WIDE * S::F32_LANES;
        let pixels = self.channels.first().map_or(0, |channel| channel.len());
        let mut columns = vec![0.0; pixels.div_ceil(panel) * input * panel];
        for (c, channel) in self.channels.iter().enumerate() {
            for (p, part) in channel.chunks(panel).enumerate() {
                columns[(p * input + c) * panel..][..part.len()].copy_from_slice(part);
            }
        }
        for ((rows, bias), outs) in
            panels.chunks(ROWS * input).zip(bias.chunks(ROWS)).zip(self.channels.chunks_mut(ROWS))
        {
            for (p, column) in columns.chunks(input * panel).enumerate() {
                let sums = packed_tile(simd, rows, column);
                for ((out, sums), &bias) in outs.iter_mut().zip(sums).zip(bias) {
                    let end = out.len().min((p + 1) * panel);
                    put(simd, &mut out[p * panel..end], sums, simd.splat_f32s(bias));
                }
            }
        }
    }
}

#[inline(always)]
fn put<S: Simd>(simd: S, out: &mut [f32], sums: [S::f32s; WIDE], bias: S::f32s) {
    for (part, sum) in out.chunks_mut(S::F32_LANES).zip(sums) {
        let sum = simd.add_f32s(sum, bias);
        if part.len() == S::F32_LANES {
            S::as_mut_simd_f32s(part).0[0] = sum;
        } else {
            simd.partial_store_f32s(part, sum);
        }
    }
}
