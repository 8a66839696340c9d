//! Several matrix products of one size at once: `weights[p] · columns[p]` for every product `p`.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use rayon::slice::ChunksMut;

use super::registers::Registers;
use super::tile::{ROWS, WIDE, packed_tile};

/// Inputs that are summed at a time, so that a panel of columns stays in the first cache.
const DEPTH: usize = 256;

/// Panels of rows that one task multiplies.
const GROUP: usize = 8;

/// Numbers between the results of two products, against the same cache sets for all of them.
const GAP: usize = 16;

/// How many rows, columns and steps of the sum every product has.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) products: usize,
    pub(super) output: usize,
    pub(super) input: usize,
    /// Columns, in vectors.
    pub(super) vectors: usize,
    /// Numbers in a vector.
    pub(super) lanes: usize,
}

impl Size {
    /// Numbers in a row of a panel of columns.
    pub(super) fn panel(self) -> usize {
        WIDE * self.lanes
    }

    fn panels(self) -> usize {
        self.vectors.div_ceil(WIDE)
    }

    fn columns(self) -> usize {
        self.panels() * self.panel()
    }

    fn groups(self) -> usize {
        self.output.div_ceil(GROUP * ROWS)
    }

    fn result(self) -> usize {
        GROUP * ROWS * self.columns() + GAP
    }
}

/// A part of the columns that one task fills: `[products, inputs, panel]`.
pub(super) struct Part<'a> {
    pub(super) first_vector: usize,
    pub(super) first_input: usize,
    pub(super) inputs: usize,
    pub(super) numbers: &'a mut [f32],
}

/// The matrices of every product and, after [`multiply`](Self::multiply), their results.
#[derive(Default)]
pub(super) struct Workspace {
    size: Size,
    /// `[panels of outputs, products, inputs, ROWS]`.
    weights: Vec<f32>,
    /// `[panels of columns, parts of the inputs, products, inputs, panel]`.
    columns: Vec<f32>,
    /// `[groups, products, rows, columns]`.
    results: Vec<f32>,
}

impl Workspace {
    /// Makes room for products of a size, whose numbers are those of earlier ones until they are written.
    pub(super) fn resize(&mut self, size: Size) {
        self.size = size;
        fit(&mut self.weights, size.output.div_ceil(ROWS) * ROWS * size.products * size.input);
        fit(&mut self.columns, size.products * size.input * size.columns());
        fit(&mut self.results, size.groups() * size.products * size.result());
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// The weights of [`ROWS`] outputs each: `[products, inputs, ROWS]`.
    pub(super) fn weights(&mut self) -> ChunksMut<'_, f32> {
        self.weights.par_chunks_mut(self.size.products * self.size.input * ROWS)
    }

    /// All columns, in parts.
    pub(super) fn parts(&mut self) -> Vec<Part<'_>> {
        let Size { products, input, .. } = self.size;
        let row = products * self.size.panel();
        let panels = self.columns.chunks_mut(input * row).enumerate();
        let parts = panels.flat_map(|(panel, numbers)| {
            numbers.chunks_mut(DEPTH * row).enumerate().map(move |(depth, numbers)| Part {
                first_vector: panel * WIDE,
                first_input: depth * DEPTH,
                inputs: numbers.len() / row,
                numbers,
            })
        });
        parts.collect()
    }

    /// Multiplies all columns.
    pub(super) fn multiply(&mut self, registers: Registers) {
        let (size, weights, columns) = (self.size, self.weights.as_slice(), self.columns.as_slice());
        let mut tasks: Vec<_> = self
            .results
            .chunks_mut(size.result())
            .enumerate()
            .map(|(at, out)| Multiply {
                size,
                weights,
                columns,
                product: at % size.products,
                group: at / size.products,
                out,
            })
            .collect();
        tasks.sort_by_key(|task| task.product);
        tasks.into_par_iter().with_max_len(1).for_each(|task| registers.run(task));
    }

    /// Where in [`results`](Self::results) the first column of an output begins, and the step to the next product.
    pub(super) fn row(&self, output: usize) -> Row<'_> {
        let [group, row] = [output / (GROUP * ROWS), output % (GROUP * ROWS)];
        let start = group * self.size.products * self.size.result() + row * self.size.columns();
        Row { numbers: &self.results[start..], step: self.size.result() }
    }
}

/// Gives a buffer a length, in new memory if it had less or more than twice as much.
fn fit(buffer: &mut Vec<f32>, length: usize) {
    if !(length..=2 * length).contains(&buffer.capacity()) {
        *buffer = Vec::new();
        *buffer = vec![0.0; length];
    }
    buffer.resize(length, 0.0);
}

/// The results of one output: those of the next product begin `step` numbers further on.
pub(super) struct Row<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) step: usize,
}

struct Multiply<'a> {
    size: Size,
    weights: &'a [f32],
    columns: &'a [f32],
    product: usize,
    group: usize,
    out: &'a mut [f32],
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Size { products, output, input, .. } = self.size;
        let (panel, columns) = (self.size.panel(), self.size.columns());
        let first = self.group * GROUP;
        let last = output.div_ceil(ROWS).min(first + GROUP);
        for start in (0..input).step_by(DEPTH) {
            let depth = DEPTH.min(input - start);
            for p in 0..self.size.panels() {
                let at = (p * input + start) * products * panel + self.product * depth * panel;
                let column = &self.columns[at..at + depth * panel];
                for o in first..last {
                    let at = ((o * products + self.product) * input + start) * ROWS;
                    let sums = packed_tile(simd, &self.weights[at..at + depth * ROWS], column);
                    let out = &mut self.out[(o - first) * ROWS * columns + p * panel..];
                    match start {
                        0 => write::<S, false>(simd, sums, out, columns),
                        _ => write::<S, true>(simd, sums, out, columns),
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn write<S: Simd, const ADD: bool>(simd: S, sums: [[S::f32s; WIDE]; ROWS], out: &mut [f32], step: usize) {
    for r in 0..ROWS {
        let (row, _) = S::as_mut_simd_f32s(&mut out[r * step..r * step + WIDE * S::F32_LANES]);
        for c in 0..WIDE {
            row[c] = if ADD { simd.add_f32s(row[c], sums[r][c]) } else { sums[r][c] };
        }
    }
}
