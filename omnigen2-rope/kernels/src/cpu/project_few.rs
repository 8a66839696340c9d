//! Products of few rows: each weight is read once, and the memory that holds them is the limit.

use pulp::{Simd, WithSimd};

use super::columns::Columns;
use super::registers::{PARALLEL, Registers};
use super::weight::WeightRows;

/// With more rows, turning the weights into panels pays.
pub(super) const ROWS: usize = 16;
/// Weights of one task.
const TASK: usize = 1 << 16;
/// Outputs that are summed together.
const TOGETHER: usize = 4;

/// Puts `x · weightᵀ` into `out`, `[rows, output]`.
pub(super) fn multiply<W: WeightRows>(registers: Registers, x: &[f32], weight: W, out: &mut [f32]) {
    let is_large = x.len() * weight.count() >= PARALLEL / 2;
    let mut arranged = Vec::new();
    let x = if W::ARRANGES {
        arranged.extend_from_slice(x);
        registers.run(Arrange { x: &mut arranged, weight });
        &arranged
    } else {
        x
    };
    let block = (TASK / weight.width() / TOGETHER * TOGETHER).max(TOGETHER);
    let columns = Columns::of(x, weight, out, block);
    registers.run_all(columns.into_iter().map(Dots).collect(), is_large);
}

struct Arrange<'a, W> {
    x: &'a mut [f32],
    weight: W,
}

impl<W: WeightRows> WithSimd for Arrange<'_, W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for row in self.x.chunks_exact_mut(self.weight.width()) {
            W::arrange(simd, row);
        }
    }
}

/// Multiplies with weights as they lie.
struct Dots<'a, W>(Columns<'a, W>);

impl<W: WeightRows> WithSimd for Dots<'_, W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut task = self.0;
        let outputs = task.weight.count();
        for from in (0..outputs).step_by(TOGETHER) {
            let block = Block { from, count: TOGETHER.min(outputs - from) };
            let mut first = 0;
            while first < task.out.len() {
                first += match task.out.len() - first {
                    1 => put::<S, W, 1>(simd, &mut task, block, first),
                    2 => put::<S, W, 2>(simd, &mut task, block, first),
                    _ => put::<S, W, 3>(simd, &mut task, block, first),
                };
            }
        }
    }
}

/// Outputs that are summed together.
#[derive(Clone, Copy)]
struct Block {
    from: usize,
    count: usize,
}

/// Multiplies `COUNT` rows from `first` on with the weights of a block; gives `COUNT`.
#[inline(always)]
fn put<S: Simd, W: WeightRows, const COUNT: usize>(
    simd: S,
    task: &mut Columns<'_, W>,
    block: Block,
    first: usize,
) -> usize {
    let input = task.weight.width();
    let mut rows: [&[f32]; COUNT] = [&[]; COUNT];
    for (r, row) in rows.iter_mut().enumerate() {
        *row = &task.x[(first + r) * input..][..input];
    }
    // A block that reaches beyond the last output reads it again, and the sums are thrown away.
    let mut at = [0; TOGETHER];
    for (c, at) in at.iter_mut().enumerate() {
        *at = block.from + c.min(block.count - 1);
    }
    for (r, sums) in task.weight.dots(simd, rows, at).into_iter().enumerate() {
        task.out[first + r][block.from..][..block.count].copy_from_slice(&sums[..block.count]);
    }
    COUNT
}
