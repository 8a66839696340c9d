//! Weights that rest as floating-point numbers of any width, row after row.

use bytemuck::Pod;
use pulp::Simd;

use super::super::dot;
use super::half::{self, Half};
use super::rows::WeightRows;

/// A number of any width.
pub(in crate::cpu) trait Float: Pod + Send + Sync {
    /// Whether [`arrange`](Self::arrange) does anything.
    const ARRANGES: bool;

    /// Puts a row that [`dots`](Self::dots) meets into the order in which it reads it.
    fn arrange<S: Simd>(simd: S, row: &mut [f32]);

    /// Widens a run of numbers.
    fn widen(run: &[Self], wide: &mut [f32]);

    /// Products of arranged rows with columns that lie together along the summed axis.
    fn dots<S: Simd, const ROWS: usize, const COLS: usize>(
        simd: S,
        rows: [&[f32]; ROWS],
        cols: [&[Self]; COLS],
    ) -> [[f32; COLS]; ROWS];
}

impl Float for f32 {
    const ARRANGES: bool = false;

    #[inline(always)]
    fn arrange<S: Simd>(_: S, _: &mut [f32]) {}

    #[inline(always)]
    fn widen(run: &[Self], wide: &mut [f32]) {
        wide.copy_from_slice(run);
    }

    #[inline(always)]
    fn dots<S: Simd, const ROWS: usize, const COLS: usize>(
        simd: S,
        rows: [&[f32]; ROWS],
        cols: [&[Self]; COLS],
    ) -> [[f32; COLS]; ROWS] {
        dot::dots(simd, rows, cols)
    }
}

impl<T: Half> Float for T {
    const ARRANGES: bool = true;

    #[inline(always)]
    fn arrange<S: Simd>(simd: S, row: &mut [f32]) {
        half::split(simd, row);
    }

    #[inline(always)]
    fn widen(run: &[Self], wide: &mut [f32]) {
        Half::widen(run, wide);
    }

    #[inline(always)]
    fn dots<S: Simd, const ROWS: usize, const COLS: usize>(
        simd: S,
        rows: [&[f32]; ROWS],
        cols: [&[Self]; COLS],
    ) -> [[f32; COLS]; ROWS] {
        half::split_dots(simd, rows, cols)
    }
}

/// Rows of floating-point numbers that lie one after the other.
pub(in crate::cpu) struct FloatRows<'a, T> {
    numbers: &'a [T],
    width: usize,
}

impl<'a, T> FloatRows<'a, T> {
    /// Takes numbers apart into rows of `width`.
    pub(in crate::cpu) fn new(numbers: &'a [T], width: usize) -> Self {
        Self { numbers, width }
    }

    #[inline(always)]
    fn run(self, row: usize, from: usize, length: usize) -> &'a [T] {
        &self.numbers[row * self.width + from..][..length]
    }

    #[inline(always)]
    fn rows<const COLS: usize>(self, at: [usize; COLS]) -> [&'a [T]; COLS] {
        let mut rows: [&[T]; COLS] = [&[]; COLS];
        for c in 0..COLS {
            rows[c] = self.run(at[c], 0, self.width);
        }
        rows
    }
}

impl<T> Clone for FloatRows<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for FloatRows<'_, T> {}

impl<T: Float> WeightRows for FloatRows<'_, T> {
    const ARRANGES: bool = T::ARRANGES;

    fn count(self) -> usize {
        self.numbers.len() / self.width
    }

    fn width(self) -> usize {
        self.width
    }

    fn parts(self, rows: usize) -> impl Iterator<Item = Self> {
        self.numbers.chunks(rows * self.width).map(move |numbers| Self { numbers, ..self })
    }

    #[inline(always)]
    fn arrange<S: Simd>(simd: S, row: &mut [f32]) {
        T::arrange(simd, row);
    }

    #[inline(always)]
    fn widen(self, row: usize, from: usize, run: &mut [f32]) {
        T::widen(self.run(row, from, run.len()), run);
    }

    #[inline(always)]
    fn dots<S: Simd, const ROWS: usize, const COLS: usize>(
        self,
        simd: S,
        rows: [&[f32]; ROWS],
        at: [usize; COLS],
    ) -> [[f32; COLS]; ROWS] {
        T::dots(simd, rows, self.rows(at))
    }
}
