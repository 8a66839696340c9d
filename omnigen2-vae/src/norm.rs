use std::ops::Range;

use burn::module::Param;
use burn::nn::Initializer;
use burn::prelude::*;
use burn::tensor::{DType, activation::silu};
use omnigen2_kernels::{ConvolutionInput, Moments, Prologue, group_moments, recorded};

use crate::rows::Rows;
use crate::tile::{Tile, take};

const EPSILON: f64 = 1e-6;

/// Group normalisation (arXiv 1803.08494) whose statistics are taken once, in F32, over the whole map.
#[derive(Module, Debug)]
pub(crate) struct GroupNorm {
    /// `[channels]`.
    weight: Param<Tensor<1>>,
    /// `[channels]`.
    bias: Param<Tensor<1>>,
    groups: usize,
}

impl GroupNorm {
    pub(crate) fn new(groups: usize, channels: usize, device: &Device) -> Self {
        Self {
            weight: Initializer::Ones.init([channels], device),
            bias: Initializer::Zeros.init([channels], device),
            groups,
        }
    }

    /// The normalised map.
    ///
    /// # Shapes
    /// - x and output: `[batch, channels, height, width]`
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let affine = self.affine(&x, Tile::WHOLE);
        let dtype = x.dtype();
        affine.apply(x).cast(dtype)
    }

    /// The normalised map after SiLU, computed where it is read.
    pub(crate) fn silu(&self, x: Tensor<4>, tile: Tile) -> Activated {
        let parameters = [self.weight.val(), self.bias.val()];
        match recorded::group_norm_silu(&x, parameters.each_ref(), self.groups, EPSILON) {
            Some(map) => Activated { map, affine: None },
            None => Activated { affine: Some(self.affine(&x, tile)), map: x },
        }
    }

    fn affine(&self, x: &Tensor<4>, tile: Tile) -> Affine {
        let [batch, channels, ..] = x.dims();
        let shape = [batch, self.groups, channels / self.groups];
        let per_channel = |t: Tensor<3>| t.expand(shape).reshape([batch, channels, 1, 1]);
        let Moments { mean, variance } =
            group_moments(x, self.groups).unwrap_or_else(|| self.moments(x, tile));
        let scale = per_channel((variance + EPSILON).sqrt().recip()) * vector(&self.weight);
        Affine { shift: vector(&self.bias) - per_channel(mean) * scale.clone(), scale }
    }

    fn moments(&self, x: &Tensor<4>, tile: Tile) -> Moments {
        let [batch, channels, height, width] = x.dims();
        let shape = [batch, self.groups, channels / self.groups];
        let count = (shape[2] * height * width) as f64;
        let mean_of = |value: &dyn Fn(Tensor<4>) -> Tensor<4>| {
            tile.bands(height)
                .map(|rows| {
                    let band = value(take(x, rows).cast(DType::F32)).sum_dim(3).sum_dim(2);
                    band.reshape(shape).sum_dim(2) / count
                })
                .fold(Tensor::zeros([batch, self.groups, 1], (&x.device(), DType::F32)), |a, b| a + b)
        };
        let mean = mean_of(&|band| band);
        let centre = mean.clone().expand(shape).reshape([batch, channels, 1, 1]);
        let variance = mean_of(&|band| (band - centre.clone()).square());
        Moments { mean, variance }
    }
}

fn vector(parameter: &Param<Tensor<1>>) -> Tensor<4> {
    let values = parameter.val().cast(DType::F32);
    let channels = values.dims()[0];
    values.reshape([1, channels, 1, 1])
}

/// `x · scale + shift` for each image and channel: `[batch, channels, 1, 1]`.
struct Affine {
    scale: Tensor<4>,
    shift: Tensor<4>,
}

impl Affine {
    /// The result stays in F32.
    fn apply(&self, x: Tensor<4>) -> Tensor<4> {
        x.cast(DType::F32) * self.scale.clone() + self.shift.clone()
    }
}

/// A map of which every row is normalised and activated when it is read.
pub(crate) struct Activated {
    map: Tensor<4>,
    /// The normalisation that each row is still to have; none in training.
    affine: Option<Affine>,
}

impl Rows for Activated {
    fn input(&self) -> ConvolutionInput<'_> {
        let prologue = match &self.affine {
            Some(Affine { scale, shift }) => Prologue::ScaleShiftSilu { scale, shift },
            None => Prologue::None,
        };
        ConvolutionInput { map: &self.map, prologue }
    }

    fn rows(&self, rows: Range<usize>) -> Tensor<4> {
        let band = take(&self.map, rows);
        match &self.affine {
            Some(affine) => silu(affine.apply(band)).cast(self.map.dtype()),
            None => band,
        }
    }
}
