use burn::module::{Module, ModuleMapper, Param};
use burn::prelude::*;
use burn::tensor::{DType, module::conv2d, ops::ConvOptions};

use super::{Convolution, Moments, Scratch, trim, within};
use crate::conv::{Conv, Rows};
use crate::norm::GroupNorm;
use crate::resample::Doubled;
use crate::tile::{Pass, Tile};

/// Of the largest sum of F32 products, through transforms that enlarge rounding about tenfold.
const TRANSFORMED: f32 = 2e-5;

/// Sums of some ten F32 products of size-1 numbers.
const SUMMED: f32 = 2e-6;

/// F32 statistics of some thousand numbers of size 1, added in another order.
const STATISTICS: f32 = 1e-5;

/// Multiples of no tile, no vector and no panel among them; the last are wider than one block.
const SIDES: [[usize; 2]; 9] =
    [[1, 1], [1, 9], [7, 1], [4, 4], [5, 33], [36, 2], [38, 66], [9, 1030], [130, 70]];

fn pattern<const D: usize>(dims: [usize; D]) -> Tensor<D> {
    let numbers: Vec<f32> =
        (0..dims.iter().product::<usize>()).map(|i| ((i as f32 * 12.9898).sin() * 437.5).fract()).collect();
    Tensor::from_data(TensorData::new(numbers, dims), &Device::flex())
}

fn distance<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    assert_eq!(a.dims(), b.dims());
    (a.cast(DType::F32) - b.cast(DType::F32)).abs().max().into_scalar::<f32>()
}

fn exact(input: Tensor<4>, weight: &Tensor<4>, bias: &Tensor<1>) -> Tensor<4> {
    let padding = weight.dims()[2] / 2;
    let options = ConvOptions::new([1, 1], [padding, padding], [1, 1], 1);
    let (weight, bias) = (weight.clone().cast(DType::F64), bias.clone().cast(DType::F64));
    conv2d(input.cast(DType::F64), weight, Some(bias), options).cast(DType::F32)
}

fn check(source: &impl Rows, output: usize) {
    let [_, input, height, _] = source.dims();
    let weight = pattern([output, input, 3, 3]);
    let bias = pattern([output]);
    let kernel = Convolution::of_any_size(source, &weight, &bias).unwrap();
    let expected = exact(source.rows(0..height), &weight, &bias);
    let largest = expected.clone().abs().max().into_scalar::<f32>().max(1.0);
    let scratch = Scratch::default();
    for _ in 0..2 {
        let delta = distance(kernel.run(&scratch), expected.clone()) / largest;
        assert!(delta <= TRANSFORMED, "{:?} to {output} channels differs by {delta}", source.dims());
    }
}

#[test]
fn convolutions_of_any_size_are_their_sums() {
    for sides @ [height, width] in SIDES {
        for [batch, input, output] in [[1, 1, 1], [2, 3, 7], [1, 12, 5]] {
            let map = pattern([batch, input, height, width]);
            check(&map, output);
            check(&GroupNorm::new(1, input, &map.device()).silu(map.clone(), Tile::WHOLE), output);
            if sides != [9, 1030] {
                check(&Doubled(map), output);
            }
        }
    }
}

#[test]
fn many_channels_are_summed_in_parts() {
    check(&(pattern([1, 300, 12, 20]) * 0.2), 50);
}

#[test]
fn views_of_a_map_are_read_in_their_order() {
    check(&pattern([1, 30, 40, 6]).swap_dims(1, 3), 4);
    check(&pattern([3, 4, 40, 30]).narrow(0, 1, 2).narrow(2, 3, 33), 4);
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

struct CastTo(DType);

impl ModuleMapper for CastTo {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        parameter.map(|values| values.cast(self.0))
    }
}

#[test]
fn pointwise_convolutions_take_the_place_of_their_input() {
    for [height, width] in SIDES {
        for [batch, input, output] in [[1, 7, 7], [2, 9, 8], [3, 12, 1]] {
            let weight = pattern([output, input, 1, 1]);
            let bias = pattern([output]);
            let map = pattern([batch, input, height, width]);
            let expected = exact(map.clone(), &weight, &bias);
            assert!(within(map.clone(), &weight, &bias).is_err(), "overwrote a map that is held");
            let found = within(map, &weight, &bias).unwrap();
            assert!(distance(found.clone(), expected.clone()) <= SUMMED, "{height}×{width}");
            assert_eq!(distance(trim(found.clone()), found), 0.0);
        }
    }
    let wider = within(pattern([1, 2, 3, 4]), &pattern([3, 2, 1, 1]), &pattern([3]));
    assert!(wider.is_err());
}

#[test]
fn moments_are_those_of_every_group() {
    for [height, width] in SIDES {
        let x = pattern([2, 6, height, width]) * 0.5 + 3.0;
        let found = Moments::of(&x, 3).unwrap();
        let groups = x.reshape([2, 3, 2 * height * width]).cast(DType::F64);
        let mean = groups.clone().mean_dim(2);
        let variance = (groups - mean.clone()).square().mean_dim(2);
        assert!(distance(found.mean, mean.cast(DType::F32)) <= STATISTICS);
        assert!(distance(found.variance, variance.cast(DType::F32)) <= STATISTICS);
    }
}

#[test]
fn what_is_not_finite_reaches_every_pixel_that_it_touches() {
    let (weight, bias) = (pattern([2, 3, 3, 3]), pattern([2]));
    for strange in [f32::NAN, f32::INFINITY] {
        let spot = Tensor::full([1, 1, 1, 1], strange, &Device::flex());
        let map = pattern([1, 3, 34, 40]).slice_assign(s![.., 1..2, 17..18, 24..25], spot);
        let kernel = Convolution::of_any_size(&map, &weight, &bias).unwrap();
        let found = kernel.run(&Scratch::default());
        let finite = |rows, columns| {
            let part: Tensor<4> = found.clone().slice(s![.., .., rows, columns]);
            part.into_data().try_into_vec::<f32>().unwrap().into_iter().filter(|x| x.is_finite()).count()
        };
        assert_eq!(finite(16..19, 23..26), 0);
        assert_eq!(finite(0..12, 0..40) + finite(24..34, 0..40), 2 * 22 * 40);
        let moments = Moments::of(&map, 1).unwrap();
        assert!(moments.variance.into_scalar::<f32>().is_nan());
    }
}

#[test]
fn other_types_fall_back() {
    let (weight, bias) = (pattern([2, 3, 3, 3]), pattern([2]));
    for dtype in [DType::F64, DType::BF16] {
        let map = pattern([1, 3, 34, 40]).cast(dtype);
        assert!(Convolution::of_any_size(&map, &weight, &bias).is_none());
        assert!(Moments::of(&map, 3).is_none());
        assert!(within(map, &weight.clone().narrow(2, 0, 1).narrow(3, 0, 1), &bias).is_err());
    }
    assert!(Convolution::new(&pattern([1, 3, 8, 8]), &weight, &bias).is_none());
}
