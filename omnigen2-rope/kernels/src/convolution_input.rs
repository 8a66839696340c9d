use burn::prelude::*;

/// A feature map as a convolution reads it.
#[derive(Clone, Copy, Debug)]
pub struct ConvolutionInput<'a> {
    /// The map in memory: `[batch, channels, height, width]`.
    pub map: &'a Tensor<4>,
    /// The operation on each row that is read.
    pub prologue: Prologue<'a>,
}

/// An operation that runs in the same pass as the convolution after it.
#[derive(Clone, Copy, Debug)]
pub enum Prologue<'a> {
    /// None: rows are read as they are.
    None,
    /// SiLU of `x · scale + shift`, both `[batch, channels, 1, 1]`.
    ScaleShiftSilu {
        /// The factor of each image and channel.
        scale: &'a Tensor<4>,
        /// The summand of each image and channel.
        shift: &'a Tensor<4>,
    },
    /// Twice the height and width, by repeating every pixel.
    Double,
}

impl ConvolutionInput<'_> {
    /// The dimensions of what is convolved: `[batch, channels, height, width]`.
    pub fn dims(&self) -> [usize; 4] {
        let dims @ [batch, channels, height, width] = self.map.dims();
        match self.prologue {
            Prologue::None | Prologue::ScaleShiftSilu { .. } => dims,
            Prologue::Double => [batch, channels, 2 * height, 2 * width],
        }
    }
}
