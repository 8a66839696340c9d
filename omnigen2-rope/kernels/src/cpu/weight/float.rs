//! Weights that rest as floating-point numbers of any width, row after row.

use pulp::Simd;

use super::super::dot;
use super::half::{self, Half};
use super::rows::WeightRows;

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

    fn chunks(self, rows: usize) -> impl Iterator<Item = Self> {
        self.numbers.chunks(rows * self.width).map(move |numbers| Self { numbers, ..self })
    }
}

impl<T> Clone for FloatRows<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for FloatRows<'_, T> {}

impl WeightRows for FloatRows<'_, f32> {
    const ARRANGES: bool = false;

    fn count(self) -> usize {
        self.numbers.len() / self.width
    }

    fn width(self) -> usize {
        self.width
    }

    fn parts(self, rows: usize) -> impl Iterator<Item = Self> {
        self.chunks(rows)
    }

    #[inline(always)]
    fn arrange<S: Simd>(_: S, _: &mut [f32]) {}

    #[inline(always)]
    fn widen(self, row: usize, from: usize, run: &mut [f32]) {
        run.copy_from_slice(self.run(row, from, run.len()));
    }

    #[inline(always)]
    fn dots<S: Simd, const ROWS: usize, const COLS: usize>(
        self,
        simd: S,
        rows: [&[f32]; ROWS],
        at: [usize; COLS],
    ) -> [[f32; COLS]; ROWS] {
        dot::dots(simd, rows, self.rows(at))
    }
}

macro_rules! halves {
    ($($half:ty),*) => {$(
        impl WeightRows for FloatRows<'_, $half> {
            const ARRANGES: bool = true;

            fn count(self) -> usize {
                self.numbers.len() / self.width
            }

            fn width(self) -> usize {
                self.width
            }

            fn parts(self, rows: usize) -> impl Iterator<Item = Self> {
                self.chunks(rows)
            }

            #[inline(always)]
            fn arrange<S: Simd>(simd: S, row: &mut [f32]) {
                half::split(simd, row);
            }

            #[inline(always)]
            fn widen(self, row: usize, from: usize, run: &mut [f32]) {
                <$half>::widen(self.run(row, from, run.len()), run);
            }

            #[inline(always)]
            fn dots<S: Simd, const ROWS: usize, const COLS: usize>(
                self,
                simd: S,
                rows: [&[f32]; ROWS],
                at: [usize; COLS],
            ) -> [[f32; COLS]; ROWS] {
                half::split_dots(simd, rows, self.rows(at))
            }
        }
    )*};
}

halves!(burn::tensor::bf16, burn::tensor::f16);
