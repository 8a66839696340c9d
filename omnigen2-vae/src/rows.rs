use std::ops::Range;

use burn::prelude::*;
use omnigen2_kernels::{ConvolutionInput, Prologue};

use crate::tile::take;

/// A feature map that is read a few rows at a time, and may be computed only then.
pub(crate) trait Rows {
    /// The map as kernels read it.
    fn input(&self) -> ConvolutionInput<'_>;

    /// `[batch, channels, rows, width]`.
    fn rows(&self, rows: Range<usize>) -> Tensor<4>;

    /// `[batch, channels, height, width]`.
    fn dims(&self) -> [usize; 4] {
        self.input().dims()
    }

    /// A tensor of the type and on the device of the rows.
    fn like(&self) -> &Tensor<4> {
        self.input().map
    }
}

impl Rows for Tensor<4> {
    fn input(&self) -> ConvolutionInput<'_> {
        ConvolutionInput { map: self, prologue: Prologue::None }
    }

    fn rows(&self, rows: Range<usize>) -> Tensor<4> {
        take(self, rows)
    }
}
