use std::ops::Range;

use burn::prelude::*;
use omnigen2_kernels::{ConvolutionInput, Prologue, trim};

use crate::conv::Conv;
use crate::rows::Rows;
use crate::tile::{Pass, take};

/// Halves height and width by a convolution.
#[derive(Module, Debug)]
pub(crate) struct Downsample {
    conv: Conv,
}

impl Downsample {
    pub(crate) fn new(channels: usize, device: &Device) -> Self {
        Self { conv: Conv::halving(channels, device) }
    }

    /// # Shapes
    /// - x: `[batch, channels, height, width]`
    /// - output: `[batch, channels, height / 2, width / 2]`, rounded down
    pub(crate) fn forward(&self, x: Tensor<4>, pass: &Pass) -> Tensor<4> {
        self.conv.over(&x, pass)
    }
}

/// Doubles height and width by repeating every pixel, then convolves.
#[derive(Module, Debug)]
pub(crate) struct Upsample {
    conv: Conv,
}

impl Upsample {
    pub(crate) fn new(channels: usize, device: &Device) -> Self {
        Self { conv: Conv::same(channels, channels, device) }
    }

    /// # Shapes
    /// - x: `[batch, channels, height, width]`
    /// - output: `[batch, channels, 2 height, 2 width]`
    pub(crate) fn forward(&self, x: Tensor<4>, pass: &Pass) -> Tensor<4> {
        self.conv.over(&Doubled(trim(x)), pass)
    }
}

/// A map of twice the height and width, of which rows are made when they are read.
struct Doubled(Tensor<4>);

impl Rows for Doubled {
    fn input(&self) -> ConvolutionInput<'_> {
        ConvolutionInput { map: &self.0, prologue: Prologue::Double }
    }

    fn rows(&self, rows: Range<usize>) -> Tensor<4> {
        let top = rows.start / 2;
        let band = take(&self.0, top..rows.end.div_ceil(2));
        let [batch, channels, height, width] = band.dims();
        let doubled = band
            .reshape([batch, channels, height, 1, width, 1])
            .expand([batch, channels, height, 2, width, 2])
            .reshape([batch, channels, 2 * height, 2 * width]);
        take(&doubled, rows.start - 2 * top..rows.end - 2 * top)
    }
}
