use std::ops::Range;

use burn::module::Param;
use burn::nn::Initializer;
use burn::prelude::*;
use burn::tensor::{module::conv2d, ops::ConvOptions};
use omnigen2_kernels::{Convolution, pointwise_in_place, recorded};

use crate::rows::Rows;
use crate::tile::Pass;

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
        pointwise_in_place(x, &window.weight, &window.bias)
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
            1 => Convolution::new(source.input(), &self.weight, &self.bias),
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
        let map = recorded::convolve(&source.rows(0..height), &self.weight, &self.bias)?;
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

#[cfg(test)]
mod tests {
    use burn::module::ModuleMapper;
    use burn::tensor::DType;

    use super::*;
    use crate::norm::GroupNorm;
    use crate::tile::Tile;

    /// Of the largest sum of F32 products, through transforms that enlarge rounding about tenfold.
    const TRANSFORMED: f32 = 2e-5;

    fn pattern(dims: [usize; 4]) -> Tensor<4> {
        let numbers: Vec<f32> = (0..dims.iter().product::<usize>())
            .map(|i| ((i as f32 * 12.9898).sin() * 437.5).fract())
            .collect();
        Tensor::from_data(TensorData::new(numbers, dims), &Device::flex())
    }

    fn distance(a: Tensor<4>, b: Tensor<4>) -> f32 {
        assert_eq!(a.dims(), b.dims());
        (a.cast(DType::F32) - b.cast(DType::F32)).abs().max().into_scalar::<f32>()
    }

    struct CastTo(DType);

    impl ModuleMapper for CastTo {
        fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
            parameter.map(|values| values.cast(self.0))
        }
    }

    #[test]
    fn weights_of_any_type_are_taken() {
        let device = Device::flex();
        let pass = Pass::new(Tile::WHOLE);
        let map = pattern([1, 9, 40, 36]);
        for dtype in [DType::F32, DType::BF16, DType::F16] {
            let conv = Conv::same(9, 8, &device).map(&mut CastTo(dtype));
            let plain = conv.over(&map.clone().cast(DType::F64), &pass);
            let delta = distance(conv.over(&map, &pass), plain.clone());
            assert!(delta <= TRANSFORMED, "{dtype:?} differs by {delta}");
            let base = pattern([1, 8, 40, 36]);
            let kept = base.clone();
            let sum = conv.onto(base, &map, &pass);
            assert_eq!(distance(kept.clone(), pattern([1, 8, 40, 36])), 0.0);
            assert!(distance(sum, plain + kept.cast(DType::F64)) <= TRANSFORMED);
        }
    }

    #[test]
    fn a_normalised_map_is_convolved_as_its_rows_are() {
        let device = Device::flex();
        let pass = Pass::new(Tile::WHOLE);
        let source = GroupNorm::new(4, 8, &device).silu(pattern([2, 8, 40, 36]), Tile::WHOLE);
        let conv = Conv::same(8, 5, &device);
        assert!(distance(conv.over(&source, &pass), conv.over(&source.rows(0..40), &pass)) <= TRANSFORMED);
    }
}
