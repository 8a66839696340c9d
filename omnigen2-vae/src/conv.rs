use std::ops::Range;

use burn::module::Param;
use burn::nn::Initializer;
use burn::prelude::*;
use burn::tensor::{module::conv2d, ops::ConvOptions};

use crate::cpu::{self, Convolution};
use crate::learn;
use crate::norm::Affine;
use crate::tile::{Pass, take};

/// A feature map that is read a few rows at a time, and may be computed only then.
pub(crate) trait Rows {
    /// `[batch, channels, height, width]`.
    fn dims(&self) -> [usize; 4];

    /// A tensor of the type and on the device of the rows.
    fn like(&self) -> &Tensor<4>;

    /// How every row is made from those of [`like`](Self::like).
    #[cfg_attr(not(feature = "flex"), expect(dead_code, reason = "only kernels read maps themselves"))]
    fn reading(&self) -> Reading<'_>;

    /// `[batch, channels, rows, width]`.
    fn rows(&self, rows: Range<usize>) -> Tensor<4>;
}

/// How the rows of a map are computed when they are read.
#[cfg_attr(not(feature = "flex"), expect(dead_code, reason = "only kernels read maps themselves"))]
pub(crate) enum Reading<'a> {
    /// As they are.
    Plain,
    /// SiLU of `x · scale + shift`.
    Activated(&'a Affine),
    /// Every pixel twice in both directions.
    Doubled,
}

impl Rows for Tensor<4> {
    fn dims(&self) -> [usize; 4] {
        Tensor::dims(self)
    }

    fn like(&self) -> &Tensor<4> {
        self
    }

    fn reading(&self) -> Reading<'_> {
        Reading::Plain
    }

    fn rows(&self, rows: Range<usize>) -> Tensor<4> {
        take(self, rows)
    }
}

/// A square convolution with bias, over bands of rows.
#[derive(Module, Debug)]
pub(crate) struct Conv {
    /// `[output, input, side, side]`.
    weight: Param<Tensor<4>>,
    /// `[output]`.
    bias: Param<Tensor<1>>,
    stride: usize,
    /// Zeros above and to the left.
    before: usize,
    /// Zeros below and to the right.
    after: usize,
}

impl Conv {
    /// 3×3, of the same height and width.
    pub(crate) fn same(input: usize, output: usize, device: &Device) -> Self {
        Self { before: 1, after: 1, ..Self::new([output, input, 3, 3], device) }
    }

    /// 3×3, of half the height and width; zeros are put below and to the right only, as in the reference.
    pub(crate) fn halving(channels: usize, device: &Device) -> Self {
        Self { stride: 2, after: 1, ..Self::new([channels, channels, 3, 3], device) }
    }

    /// 1×1.
    pub(crate) fn pointwise(input: usize, output: usize, device: &Device) -> Self {
        Self::new([output, input, 1, 1], device)
    }

    fn new(shape: [usize; 4], device: &Device) -> Self {
        let [output, input, side, _] = shape;
        let bound = ((input * side * side).max(1) as f64).powf(-0.5);
        let uniform = Initializer::Uniform { min: -bound, max: bound };
        Self {
            weight: uniform.init(shape, device),
            bias: uniform.init([output], device),
            stride: 1,
            before: 0,
            after: 0,
        }
    }

    /// # Shapes
    /// - source: `[batch, input, height, width]`
    /// - output: `[batch, output, height / stride, width / stride]`
    ///
    /// # Panics
    /// If the source has another number of channels.
    pub(crate) fn over(&self, source: &impl Rows, pass: &Pass) -> Tensor<4> {
        let window = self.window(source);
        if let Some(kernel) = window.kernel(source) {
            return kernel.run(&pass.scratch);
        }
        if let Some(map) = window.recorded(source) {
            return map;
        }
        pass.tile.assemble(window.output, source.like(), |rows| window.band(source, rows))
    }

    /// The same, added onto `base` of the output's shape.
    pub(crate) fn onto(&self, base: Tensor<4>, source: &impl Rows, pass: &Pass) -> Tensor<4> {
        let window = self.window(source);
        if let Some(kernel) = window.kernel(source) {
            return kernel.onto(base, &pass.scratch);
        }
        if let Some(map) = window.recorded(source) {
            return base + map;
        }
        pass.tile.add(base, |rows| window.band(source, rows))
    }

    /// A [pointwise](Self::pointwise) convolution of a map that is not needed afterwards.
    pub(crate) fn within(&self, x: Tensor<4>, pass: &Pass) -> Tensor<4> {
        let window = self.window(&x);
        if let Some(map) = window.recorded(&x) {
            return map;
        }
        cpu::within(x, &window.weight, &window.bias)
            .unwrap_or_else(|x| pass.tile.assemble(window.output, &x, |rows| window.band(&x, rows)))
    }

    fn window(&self, source: &impl Rows) -> Window<'_> {
        let dtype = source.like().dtype();
        let weight = self.weight.val().cast(dtype);
        let [batch, channels, height, width] = source.dims();
        let [output, input, side, _] = weight.dims();
        assert_eq!(channels, input, "a convolution over {input} channels meets {channels}");
        let out = |length: usize| (length + self.before + self.after - side) / self.stride + 1;
        Window {
            conv: self,
            bias: self.bias.val().cast(dtype),
            weight,
            output: [batch, output, out(height), out(width)],
        }
    }
}

/// A convolution whose weight has been widened once for all bands of one map.
struct Window<'a> {
    conv: &'a Conv,
    weight: Tensor<4>,
    bias: Tensor<1>,
    output: [usize; 4],
}

impl Window<'_> {
    fn kernel(&self, source: &impl Rows) -> Option<Convolution> {
        match self.conv.stride {
            1 => Convolution::new(source, &self.weight, &self.bias),
            _ => None,
        }
    }

    /// The whole map, in training. A halving convolution is every second pixel of one that halves nothing.
    fn recorded(&self, source: &impl Rows) -> Option<Tensor<4>> {
        if !source.like().is_autodiff() {
            return None;
        }
        let [_, _, height, width] = source.dims();
        let halves = self.conv.stride == 2;
        if halves && !(height.is_multiple_of(2) && width.is_multiple_of(2)) {
            return None;
        }
        let map = learn::convolve(&source.rows(0..height), &self.weight, &self.bias)?;
        Some(if halves { map.slice(s![.., .., 1..;2, 1..;2]) } else { map })
    }

    fn band(&self, source: &impl Rows, rows: Range<usize>) -> Tensor<4> {
        let Conv { stride, before, after, .. } = *self.conv;
        let height = source.dims()[2];
        let side = self.weight.dims()[2];
        let top = rows.start * stride;
        let end = (rows.end - 1) * stride + side - before;
        let bottom = end.min(height);
        let vertical = (before.saturating_sub(top), end - bottom);
        let padding = [vertical, (before, after)];
        let options = ConvOptions::new_with_padding([stride, stride], padding, [1, 1], 1);
        let input = source.rows(top.saturating_sub(before)..bottom);
        conv2d(input, self.weight.clone(), Some(self.bias.clone()), options)
    }
}
