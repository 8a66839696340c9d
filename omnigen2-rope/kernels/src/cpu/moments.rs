//! Mean and variance of groups of numbers, in one reading of memory.

use burn::prelude::*;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::registers::Registers;
use super::sum::sum;
use super::tensors::{Contiguous, tensor};
use crate::Moments;

/// Numbers that are summed in F32, read from the first cache the second time.
const CHUNK: usize = 4096;

/// The statistics of a map; `None` if it is not in F32 on flex or records gradients.
///
/// # Shapes
/// - x: `[batch, channels, height, width]`
pub fn group_moments(x: &Tensor<4>, groups: usize) -> Option<Moments> {
    let registers = Registers::find()?;
    let [batch, ..] = x.dims();
    let numbers = Contiguous::of(x)?;
    let slice = numbers.slice();
    let totals: Vec<Total> = slice
        .par_chunks((slice.len() / (batch * groups)).max(1))
        .with_max_len(1)
        .map(|group| {
            let parts = group.chunks(CHUNK).map(|chunk| registers.run(Chunk(chunk)));
            parts.fold(Total::default(), Total::with)
        })
        .collect();
    let dims = [batch, groups, 1];
    Some(Moments {
        mean: tensor(totals.iter().map(|total| total.mean as f32).collect(), dims),
        variance: tensor(totals.iter().map(|total| (total.squares / total.count) as f32).collect(), dims),
    })
}

/// Statistics that are put together as Chan, Golub and LeVeque do (1979).
#[derive(Clone, Copy, Default)]
struct Total {
    count: f64,
    mean: f64,
    /// Squared distances from the mean.
    squares: f64,
}

impl Total {
    fn with(self, other: Self) -> Self {
        let count = self.count + other.count;
        let apart = other.mean - self.mean;
        Self {
            count,
            mean: self.mean + apart * other.count / count,
            squares: self.squares + other.squares + apart * apart * self.count * other.count / count,
        }
    }
}

struct Chunk<'a>(&'a [f32]);

impl WithSimd for Chunk<'_> {
    type Output = Total;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Total {
        let count = self.0.len() as f64;
        let mean = sum::<S, false>(simd, self.0, 0.0) / count as f32;
        let squares = sum::<S, true>(simd, self.0, mean);
        Total { count, mean: f64::from(mean), squares: f64::from(squares) }
    }
}
