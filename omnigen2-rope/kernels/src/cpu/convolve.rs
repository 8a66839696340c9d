//! 3×3 convolutions of the same height and width, by Winograd's products.

use std::cell::Cell;

use burn::prelude::*;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::band::{Band, Reader, Span};
use super::batched_product::{Part, Row, Size, Workspace};
use super::registers::Registers;
use super::tensors::{Contiguous, WritableMap};
use super::tile::ROWS;
use super::winograd::{self, DOUBLED_PRODUCTS, PRODUCTS, STEP, TILE};
use crate::{ConvolutionInput, Prologue};

/// Tiles whose products are computed together.
const TILES: usize = 256;

/// Tiles below which transforming the weights costs more than it saves.
const LEAST: usize = 64;

/// Memory that convolutions use one after the other.
#[derive(Default)]
pub struct Scratch(Cell<Workspace>);

impl std::fmt::Debug for Scratch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Scratch").finish_non_exhaustive()
    }
}

/// A 3×3 convolution of the same height and width over one map.
pub struct Convolution {
    registers: Registers,
    reader: Reader,
    products: &'static [usize],
    weight: Contiguous,
    bias: Contiguous,
    /// `[batch, output, height, width]`.
    dims: [usize; 4],
}

impl std::fmt::Debug for Convolution {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Convolution").field("dims", &self.dims).finish_non_exhaustive()
    }
}

impl Convolution {
    /// A convolution of an input; `None` if that is not in F32 on flex, records gradients or is small.
    ///
    /// # Shapes
    /// - weight: `[output, input, 3, 3]`
    /// - bias: `[output]`
    pub fn new(input: ConvolutionInput<'_>, weight: &Tensor<4>, bias: &Tensor<1>) -> Option<Self> {
        let [batch, _, height, width] = input.dims();
        let tiles = batch * height.div_ceil(STEP) * width.div_ceil(STEP);
        if tiles < LEAST { None } else { Self::of_any_size(input, weight, bias) }
    }

    pub(super) fn of_any_size(
        input: ConvolutionInput<'_>,
        weight: &Tensor<4>,
        bias: &Tensor<1>,
    ) -> Option<Self> {
        let [batch, _, height, width] = input.dims();
        let [output, _, 3, 3] = weight.dims() else { return None };
        Some(Self {
            registers: Registers::find()?,
            products: match input.prologue {
                Prologue::Double => DOUBLED_PRODUCTS.as_slice(),
                Prologue::None | Prologue::ScaleShiftSilu { .. } => PRODUCTS.as_slice(),
            },
            reader: Reader::new(input)?,
            weight: Contiguous::of(weight)?,
            bias: Contiguous::of(bias)?,
            dims: [batch, output, height, width],
        })
    }

    /// Computes the output, `[batch, output, height, width]`.
    pub fn run(&self, scratch: &Scratch) -> Tensor<4> {
        let mut map = WritableMap::zeros(self.dims);
        self.add(map.slice(), scratch);
        map.tensor()
    }

    /// Adds the output onto a map, in its own memory when nothing else holds it.
    pub fn onto(&self, base: Tensor<4>, scratch: &Scratch) -> Tensor<4> {
        match WritableMap::of(base) {
            Ok(mut map) => {
                self.add(map.slice(), scratch);
                map.tensor()
            }
            Err(base) => base + self.run(scratch),
        }
    }

    fn add(&self, map: &mut [f32], scratch: &Scratch) {
        let [_, output, height, width] = self.dims;
        let lanes = self.registers.lanes();
        let (across, down) = (width.div_ceil(STEP * lanes), height.div_ceil(STEP));
        let tall = (TILES / (across * lanes)).clamp(1, down);
        let input = self.reader.channels();
        let products = self.products.len();
        let mut workspace = scratch.0.take();
        workspace.resize(Size { products, output, input, vectors: tall * across, lanes });
        self.weigh(&mut workspace);
        for (image, map) in map.chunks_mut(output * height * width).enumerate() {
            for top in (0..down).step_by(tall) {
                let rows = STEP * top..STEP * (top + tall) + 2;
                let band = Band::read(
                    self.registers,
                    &self.reader,
                    image,
                    Span { rows, width: across * STEP * lanes },
                );
                self.transform(&band, &mut workspace, across);
                workspace.multiply(self.registers);
                self.finish(&workspace, map, Block { top, tall: tall.min(down - top), across });
            }
        }
        scratch.0.set(workspace);
    }

    fn weigh(&self, workspace: &mut Workspace) {
        let input = self.reader.channels();
        let kernels = self.weight.slice().par_chunks(9 * input * ROWS);
        workspace.weights().zip(kernels).for_each(|(panel, kernels)| {
            self.registers.run(Weigh { kernels, input, products: self.products, panel });
        });
    }

    fn transform(&self, band: &Band, workspace: &mut Workspace, across: usize) {
        let size = workspace.size();
        workspace.parts().into_par_iter().with_max_len(1).for_each(|part| {
            self.registers.run(Transform { band, size, across, products: self.products, part });
        });
    }

    fn finish(&self, workspace: &Workspace, map: &mut [f32], block: Block) {
        let [_, _, height, width] = self.dims;
        let planes = map.par_chunks_mut(height * width).zip(self.bias.slice()).enumerate();
        planes.for_each(|(output, (plane, &bias))| {
            let row = workspace.row(output);
            self.registers.run(Finish { row, products: self.products, plane, width, bias, block });
        });
    }
}

/// Rows of tiles that are computed together.
#[derive(Clone, Copy)]
struct Block {
    top: usize,
    tall: usize,
    /// Vectors in a row of tiles.
    across: usize,
}

struct Weigh<'a> {
    kernels: &'a [f32],
    input: usize,
    products: &'static [usize],
    panel: &'a mut [f32],
}

impl WithSimd for Weigh<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let mut taps = [[0.0; ROWS.next_power_of_two()]; 9];
        for c in 0..self.input {
            for (r, kernel) in self.kernels.chunks(9 * self.input).enumerate() {
                for (tap, &x) in taps.iter_mut().zip(&kernel[9 * c..9 * (c + 1)]) {
                    tap[r] = x;
                }
            }
            let tile = winograd::weight(&taps);
            for (p, &place) in self.products.iter().enumerate() {
                let at = (p * self.input + c) * ROWS;
                self.panel[at..at + ROWS].copy_from_slice(&tile[place][..ROWS]);
            }
        }
    }
}

struct Transform<'a> {
    band: &'a Band,
    size: Size,
    across: usize,
    products: &'static [usize],
    part: Part<'a>,
}

impl WithSimd for Transform<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (panel, inputs) = (self.size.panel(), self.part.inputs);
        for c in 0..inputs {
            for (v, offset) in (0..panel).step_by(S::F32_LANES).enumerate() {
                let at = self.part.first_vector + v;
                if at >= self.size.vectors {
                    continue;
                }
                let (y, x) = (STEP * (at / self.across), STEP * S::F32_LANES * (at % self.across));
                let tile = winograd::input(simd, self.band.rows(self.part.first_input + c, y, x));
                for (p, &place) in self.products.iter().enumerate() {
                    let start = (p * inputs + c) * panel + offset;
                    let out = S::as_mut_simd_f32s(&mut self.part.numbers[start..start + S::F32_LANES]).0;
                    out[0] = tile[place / TILE][place % TILE];
                }
            }
        }
    }
}

struct Finish<'a> {
    row: Row<'a>,
    products: &'static [usize],
    plane: &'a mut [f32],
    width: usize,
    bias: f32,
    block: Block,
}

impl WithSimd for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let bias = simd.splat_f32s(self.bias);
        for v in 0..self.block.tall * self.block.across {
            let mut sums = [[simd.splat_f32s(0.0); TILE]; TILE];
            for (p, &place) in self.products.iter().enumerate() {
                let start = p * self.row.step + v * S::F32_LANES;
                let sum = S::as_simd_f32s(&self.row.numbers[start..start + S::F32_LANES]).0[0];
                sums[place / TILE][place % TILE] = sum;
            }
            let rows = winograd::output(simd, sums);
            let top = STEP * (self.block.top + v / self.block.across);
            let left = STEP * S::F32_LANES * (v % self.block.across);
            let lines = self.plane.chunks_mut(self.width).skip(top);
            for (line, row) in lines.zip(rows) {
                let right = line.len().min(left + STEP * S::F32_LANES);
                add(simd, &mut line[left..right], row, bias);
            }
        }
    }
}

#[inline(always)]
fn add<S: Simd>(simd: S, line: &mut [f32], row: [S::f32s; STEP], bias: S::f32s) {
    for (part, x) in line.chunks_mut(S::F32_LANES).zip(row) {
        let x = simd.add_f32s(x, bias);
        if part.len() == S::F32_LANES {
            let (whole, _) = S::as_mut_simd_f32s(part);
            whole[0] = simd.add_f32s(whole[0], x);
        } else {
            let sum = simd.add_f32s(simd.partial_load_f32s(part), x);
            simd.partial_store_f32s(part, sum);
        }
    }
}
