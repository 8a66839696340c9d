//! Products of few rows: each weight is read once, and the memory that holds them is the limit.

use pulp::{Simd, WithSimd};

use super::PARALLEL;
use super::dot;
use super::simd::{dispatch, run};
use super::stored::Stored;

/// With more rows, turning the weights into panels pays.
pub(super) const ROWS: usize = 16;
/// Weights of one task.
const TASK: usize = 1 << 16;
/// Outputs that are summed together.
const TOGETHER: usize = 4;

/// Puts `x · weightᵀ` into `out`, `[rows, output]`.
pub(super) fn multiply<T: Stored>(x: &[f32], weight: &[T], out: &mut [f32], input: usize) {
    let (rows, output) = (x.len() / input, weight.len() / input);
    let mut rearranged = Vec::new();
    let x = match T::SPLIT {
        true => {
            rearranged.extend_from_slice(x);
            dispatch(Split { x: &mut rearranged, input }).unwrap_or(());
            &rearranged
        }
        false => x,
    };
    let block = (TASK / input / TOGETHER * TOGETHER).max(TOGETHER);
    let mut tasks: Vec<Dots<'_, T>> = weight
        .chunks(block * input)
        .map(|weight| Dots { x, input, weight, out: Vec::with_capacity(rows) })
        .collect();
    for row in out.chunks_mut(output) {
        for (task, part) in tasks.iter_mut().zip(row.chunks_mut(block)) {
            task.out.push(part);
        }
    }
    run(tasks, x.len() * output >= PARALLEL / 2);
}

struct Split<'a> {
    x: &'a mut [f32],
    input: usize,
}

impl WithSimd for Split<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for row in self.x.chunks_exact_mut(self.input) {
            dot::split(simd, row);
        }
    }
}

/// Some outputs of all rows.
struct Dots<'a, T> {
    x: &'a [f32],
    input: usize,
    weight: &'a [T],
    /// Of every row.
    out: Vec<&'a mut [f32]>,
}

impl<T: Stored> WithSimd for Dots<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for (block, weights) in self.weight.chunks(TOGETHER * self.input).enumerate() {
            let last = weights.len() / self.input - 1;
            let mut columns: [&[T]; TOGETHER] = [&[]; TOGETHER];
            for (c, column) in columns.iter_mut().enumerate() {
                *column = &weights[c.min(last) * self.input..][..self.input];
            }
            let mut first = 0;
            while first < self.out.len() {
                first += match self.out.len() - first {
                    1 => put::<S, T, 1>(simd, &mut self, columns, [first, block, last + 1]),
                    2 => put::<S, T, 2>(simd, &mut self, columns, [first, block, last + 1]),
                    _ => put::<S, T, 3>(simd, &mut self, columns, [first, block, last + 1]),
                };
            }
        }
    }
}

/// Multiplies `COUNT` rows from `first` on with the columns of a block, of which `count` are real; gives `COUNT`.
#[inline(always)]
fn put<S: Simd, T: Stored, const COUNT: usize>(
    simd: S,
    task: &mut Dots<'_, T>,
    columns: [&[T]; TOGETHER],
    [first, block, count]: [usize; 3],
) -> usize {
    let mut rows: [&[f32]; COUNT] = [&[]; COUNT];
    for (r, row) in rows.iter_mut().enumerate() {
        *row = &task.x[(first + r) * task.input..][..task.input];
    }
    for (r, sums) in T::dots(simd, rows, columns).into_iter().enumerate() {
        task.out[first + r][block * TOGETHER..][..count].copy_from_slice(&sums[..count]);
    }
    COUNT
}
