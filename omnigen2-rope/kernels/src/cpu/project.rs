use burn::prelude::*;
use burn::tensor::{DType, bf16, f16};
use pulp::{Simd, WithSimd};

use super::bfloat::PairProducts;
use super::columns::Columns;
use super::project_few;
use super::registers::{PARALLEL, Registers, WIDEST};
use super::tensors::{self, Contiguous};
use super::tile::{ROWS, WIDE, tile};
use super::weight::{FloatRows, WeightRows};

/// Numbers of the summed axis in a panel: a part of it, one tile wide, stays in the first cache.
const DEPTH: usize = 256;
/// Outputs of one task: a panel of `DEPTH` of these stays in the second cache.
const BLOCK: usize = 128;

/// `x · weightᵀ` with the weight widened a panel at a time; `None` where burn's own product is as good.
///
/// # Shapes
/// - x: `[rows, input]`
/// - weight: `[output, input]`
/// - output: `[rows, output]`
pub fn project(x: &Tensor<2>, weight: &Tensor<2>) -> Option<Tensor<2>> {
    let ([rows, input], [output, _]) = (x.dims(), weight.dims());
    let is_wide = weight.dtype() == DType::F32;
    if rows * input * output == 0 || is_wide && rows > project_few::ROWS {
        return None;
    }
    let registers = Registers::find()?;
    let (x, weight) = (Contiguous::of(x)?, tensors::read(weight)?);
    let x = x.slice();
    let numbers = match weight.dtype() {
        DType::F32 => multiply(registers, x, FloatRows::new(weight.as_slice::<f32>()?, input)),
        DType::BF16 => multiply(registers, x, FloatRows::new(weight.as_slice::<bf16>()?, input)),
        DType::F16 => multiply(registers, x, FloatRows::new(weight.as_slice::<f16>()?, input)),
        _ => return None,
    };
    Some(tensors::tensor(numbers, [rows, output]))
}

/// Returns whether a device has an instruction for [`project_rounded`].
pub fn multiplies_pairs(device: &Device) -> bool {
    tensors::is_plain(device) && PairProducts::find().is_some()
}

/// `x · weightᵀ` of `x` rounded to the weight's BF16; `None` for a weight of another type.
///
/// # Shapes
/// As those of [`project`].
pub fn project_rounded(x: &Tensor<2>, weight: &Tensor<2>) -> Option<Tensor<2>> {
    let ([rows, input], [output, _]) = (x.dims(), weight.dims());
    let (registers, x) = (Registers::find()?, Contiguous::of(x)?);
    let weight = if weight.dtype() == DType::BF16 { tensors::read(weight)? } else { return None };
    let weight = weight.as_slice::<bf16>()?;
    if rows * input * output == 0 {
        return None;
    }
    let numbers = match PairProducts::find().filter(|_| rows > project_few::ROWS) {
        Some(products) => products.project(x.slice(), weight, input),
        None => multiply(registers, &rounded(x.slice()), FloatRows::new(weight, input)),
    };
    Some(tensors::tensor(numbers, [rows, output]))
}

fn rounded(x: &[f32]) -> Vec<f32> {
    x.iter().map(|&x| bf16::from_f32(x).to_f32()).collect()
}

fn multiply<W: WeightRows>(registers: Registers, x: &[f32], weight: W) -> Vec<f32> {
    let input = weight.width();
    let (rows, output) = (x.len() / input, weight.count());
    let mut out = vec![0.0; rows * output];
    let is_large = x.len() * output >= PARALLEL;
    if rows <= project_few::ROWS {
        project_few::multiply(registers, x, weight, &mut out);
        return out;
    }
    let columns = Columns::of(x, weight, &mut out, BLOCK);
    registers.run_all(columns.into_iter().map(Panels).collect(), is_large);
    out
}

/// Multiplies with weights in panels.
struct Panels<'a, W>(Columns<'a, W>);

impl<W: WeightRows> WithSimd for Panels<'_, W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Columns { x, weight, mut out } = self.0;
        let (input, wide) = (weight.width(), WIDE * S::F32_LANES);
        let panels = weight.count().div_ceil(wide);
        let mut panel = vec![0.0; panels * wide * DEPTH.min(input)];
        // Rows may share a cache set, so those of a tile are put side by side.
        let mut near = vec![0.0; ROWS * DEPTH.min(input)];
        for from in (0..input).step_by(DEPTH) {
            let depth = DEPTH.min(input - from);
            let panel = &mut panel[..panels * wide * depth];
            for (p, part) in panel.chunks_exact_mut(wide * depth).enumerate() {
                pack::<S, W>(weight, [p * wide, from], part);
            }
            for (tile, out) in out.chunks_mut(ROWS).enumerate() {
                for (r, near) in near.chunks_exact_mut(depth).take(out.len()).enumerate() {
                    near.copy_from_slice(&x[(tile * ROWS + r) * input + from..][..depth]);
                }
                add_tile(simd, [&near, panel], out, depth);
            }
        }
    }
}

/// Weights are widened in squares, and these turned: `[input, wide]` from an output and an input on.
#[inline(always)]
fn pack<S: Simd, W: WeightRows>(weight: W, [first, from]: [usize; 2], panel: &mut [f32]) {
    const SIDE: usize = 16;
    let wide = WIDE * S::F32_LANES;
    let (outputs, depth) = (weight.count(), panel.len() / wide);
    let mut square = [[0.0; SIDE]; WIDE * WIDEST];
    for at in (0..depth).step_by(SIDE) {
        let some = SIDE.min(depth - at);
        for (c, numbers) in square.iter_mut().take(wide).enumerate() {
            if first + c < outputs {
                weight.widen(first + c, from + at, &mut numbers[..some]);
            } else {
                *numbers = [0.0; SIDE];
            }
        }
        for (k, step) in panel[at * wide..(at + some) * wide].chunks_exact_mut(wide).enumerate() {
            step.iter_mut().zip(&square).for_each(|(w, column)| *w = column[k]);
        }
    }
}

/// Adds the products of up to six rows with all panels to the rows of the output.
#[inline(always)]
fn add_tile<S: Simd>(simd: S, [near, panels]: [&[f32]; 2], out: &mut [&mut [f32]], depth: usize) {
    let wide = WIDE * S::F32_LANES;
    for (p, panel) in panels.chunks_exact(wide * depth).enumerate() {
        let panel = S::as_simd_f32s(panel).0;
        let at = p * wide;
        match out.len() {
            6 => add(simd, rows_of::<S, 6>(simd, near, panel), out, at),
            5 => add(simd, rows_of::<S, 5>(simd, near, panel), out, at),
            4 => add(simd, rows_of::<S, 4>(simd, near, panel), out, at),
            3 => add(simd, rows_of::<S, 3>(simd, near, panel), out, at),
            2 => add(simd, rows_of::<S, 2>(simd, near, panel), out, at),
            _ => add(simd, rows_of::<S, 1>(simd, near, panel), out, at),
        }
    }
}

#[inline(always)]
fn rows_of<S: Simd, const COUNT: usize>(
    simd: S,
    near: &[f32],
    panel: &[S::f32s],
) -> [[S::f32s; WIDE]; COUNT] {
    let depth = panel.len() / WIDE;
    let mut rows: [&[f32]; COUNT] = [&[]; COUNT];
    for r in 0..COUNT {
        rows[r] = &near[r * depth..(r + 1) * depth];
    }
    tile(simd, rows, panel)
}

#[inline(always)]
fn add<S: Simd, const COUNT: usize>(
    simd: S,
    sums: [[S::f32s; WIDE]; COUNT],
    out: &mut [&mut [f32]],
    at: usize,
) {
    for (sums, out) in sums.into_iter().zip(out) {
        let out = &mut out[at..];
        if out.len() >= WIDE * S::F32_LANES {
            let (out, _) = S::as_mut_simd_f32s(&mut out[..WIDE * S::F32_LANES]);
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = simd.add_f32s(*out, sum);
            }
        } else {
            let mut tail = [0.0; WIDE * WIDEST];
            S::as_mut_simd_f32s(&mut tail).0[..WIDE].copy_from_slice(&sums);
            out.iter_mut().zip(tail).for_each(|(out, sum)| *out += sum);
        }
    }
}
