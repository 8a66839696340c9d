//! Products with packed weights, taken apart into tasks for all threads.

use rayon::prelude::*;

use super::activations::{Quantise, Rows, Tile};
use super::instructions::Kernels;
use super::kernel::{FEW, STREAMS, TOGETHER};
use super::layout::{GROUP, Layout};
use super::weight::PackedWeight;
use super::work::{Multiply, Work};

/// Below so many multiplications, waking the other threads costs more than they save.
const PARALLEL: usize = 1 << 18;
/// Weights of a task, about, where rows are few.
const FEW_WEIGHTS: usize = 1 << 18;
/// Tasks for each thread, or more, where there is enough to do.
const TASKS: usize = 4;

impl Kernels {
    /// `x · weightᵀ`; every row and block of `x` is rounded to 8 bits.
    ///
    /// # Panics
    /// If `x` is not `[rows, input]`.
    pub fn project(self, x: &[f32], rows: usize, weight: &PackedWeight<'_>) -> Vec<f32> {
        let layout = *weight.layout();
        assert_eq!(x.len(), rows * layout.input, "{rows} rows of {} numbers", layout.input);
        let mut out = vec![0.0; rows * layout.output];
        if x.is_empty() || out.is_empty() {
            return out;
        }
        if layout.phases() == 1 {
            self.multiply(Rows { x, input: layout.input, begin: 0 }, weight, &mut out);
            return out;
        }
        let product = |phase: usize| {
            let mut out = vec![0.0; rows * layout.rows_of(phase)];
            let rows = Rows { x, input: layout.input, begin: layout.begin(phase) };
            self.multiply(rows, &weight.phase(phase), &mut out);
            out
        };
        let products: Vec<_> = (0..layout.phases().min(layout.output)).map(product).collect();
        out.par_chunks_mut(layout.output).enumerate().for_each(|(row, out)| {
            for (phase, products) in products.iter().enumerate() {
                let products = products.chunks_exact(layout.rows_of(phase)).nth(row).unwrap_or_default();
                out[phase..].iter_mut().step_by(layout.phases()).zip(products).for_each(|(out, y)| *out = *y);
            }
        });
        out
    }

    fn multiply(self, rows: Rows<'_>, weight: &PackedWeight<'_>, out: &mut [f32]) {
        let layout = *weight.layout();
        let is_large = rows.x.len() * layout.output >= PARALLEL;
        let tiles = self.quantise(rows, layout, is_large);
        let tasks = tasks(&tiles, rows.x.len() / rows.input, weight, out);
        if is_large && tasks.len() > 1 {
            tasks.into_par_iter().with_max_len(1).for_each(|task| self.run(Work::Multiply(task)));
        } else {
            tasks.into_iter().for_each(|task| self.run(Work::Multiply(task)));
        }
    }

    fn quantise(self, rows: Rows<'_>, layout: Layout, is_large: bool) -> Vec<Tile> {
        let count = rows.x.len() / rows.input;
        let (order, widths) = (self.order(layout), self.widths());
        let most = widths.last().copied().unwrap_or(1);
        let mut tiles = Vec::with_capacity(count.div_ceil(most));
        for from in (0..count).step_by(most) {
            let some = most.min(count - from);
            let width = widths.iter().copied().find(|&width| width >= some).unwrap_or(most);
            tiles.push(Tile::new(width, some, &order));
        }
        let parts: Vec<Quantise<'_>> = tiles
            .iter_mut()
            .zip(rows.x.chunks(most * rows.input))
            .map(|(tile, x)| Quantise { tile, rows: Rows { x, ..rows }, order })
            .collect();
        if is_large && parts.len() > 1 {
            parts.into_par_iter().for_each(|part| self.run(Work::Quantise(part)));
        } else {
            parts.into_iter().for_each(|part| self.run(Work::Quantise(part)));
        }
        tiles
    }
}

/// Tasks of some groups of outputs each; of some rows too, if outputs are few.
fn tasks<'a>(
    tiles: &'a [Tile],
    rows: usize,
    weight: &PackedWeight<'a>,
    out: &'a mut [f32],
) -> Vec<Multiply<'a>> {
    let layout = *weight.layout();
    let (groups, enough) = (layout.groups(), TASKS * rayon::current_num_threads());
    let each = if rows <= FEW {
        (FEW_WEIGHTS / (layout.input * GROUP)).max(1).next_multiple_of(STREAMS).min(groups)
    } else {
        (groups / enough).clamp(1, TOGETHER)
    };
    let bands = enough.div_ceil(groups.div_ceil(each)).min(tiles.len());
    let mut tasks = Vec::with_capacity(bands * groups.div_ceil(each));
    let mut rest = out;
    for tiles in tiles.chunks(tiles.len().div_ceil(bands)) {
        let rows = tiles.iter().map(|tile| tile.rows).sum::<usize>();
        let (out, others) = rest.split_at_mut(rows * layout.output);
        let first = tasks.len();
        for from in (0..groups).step_by(each) {
            let groups = from..(from + each).min(groups);
            tasks.push(Multiply { weight: *weight, groups, tiles, out: Vec::with_capacity(rows) });
        }
        for row in out.chunks_mut(layout.output) {
            for (task, part) in tasks[first..].iter_mut().zip(row.chunks_mut(each * GROUP)) {
                task.out.push(part);
            }
        }
        rest = others;
    }
    tasks
}
