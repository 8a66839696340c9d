//! Products of few rows: each weight is read once, and the memory that holds them is the limit.

use pulp::{Simd, WithSimd};

use super::PARALLEL;
use super::columns::Columns;
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
    let is_large = x.len() / input * weight.len() >= PARALLEL / 2;
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
    let columns = Columns::of(x, weight, out, [input, block]);
    run(columns.into_iter().map(Dots).collect(), is_large);
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

/// Multiplies with weights as they lie.
struct Dots<'a, T>(Columns<'a, T>);

impl<T: Stored> WithSimd for Dots<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut task = self.0;
        for (block, weights) in task.weight.chunks(TOGETHER * task.input).enumerate() {
            let last = weights.len() / task.input - 1;
            let mut columns: [&[T]; TOGETHER] = [&[]; TOGETHER];
            for (c, column) in columns.iter_mut().enumerate() {
                *column = &weights[c.min(last) * task.input..][..task.input];
            }
            let mut first = 0;
            while first < task.out.len() {
                first += match task.out.len() - first {
                    1 => put::<S, T, 1>(simd, &mut task, columns, [first, block, last + 1]),
                    2 => put::<S, T, 2>(simd, &mut task, columns, [first, block, last + 1]),
                    _ => put::<S, T, 3>(simd, &mut task, columns, [first, block, last + 1]),
                };
            }
        }
    }
}

/// Multiplies `COUNT` rows from `first` on with the columns of a block, of which `count` are real; gives `COUNT`.
#[inline(always)]
fn put<S: Simd, T: Stored, const COUNT: usize>(
    simd: S,
    task: &mut Columns<'_, T>,
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
