use burn::prelude::*;
use burn::tensor::{DType, activation::silu, module::conv2d, ops::ConvOptions};

use crate::{Convolution, ConvolutionInput, Prologue, Scratch, group_moments, pointwise_in_place, trim};

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

fn plain(map: &Tensor<4>) -> ConvolutionInput<'_> {
    ConvolutionInput { map, prologue: Prologue::None }
}

/// Compares the convolution of an input with that of what its prologue makes of it.
fn check(input: ConvolutionInput<'_>, expected: Tensor<4>, output: usize) {
    let [_, channels, ..] = input.dims();
    assert_eq!(input.dims(), expected.dims());
    let weight = pattern([output, channels, 3, 3]);
    let bias = pattern([output]);
    let kernel = Convolution::of_any_size(input, &weight, &bias).unwrap();
    let expected = exact(expected, &weight, &bias);
    let largest = expected.clone().abs().max().into_scalar::<f32>().max(1.0);
    let scratch = Scratch::default();
    for _ in 0..2 {
        let delta = distance(kernel.run(&scratch), expected.clone()) / largest;
        assert!(delta <= TRANSFORMED, "{:?} to {output} channels differs by {delta}", input.dims());
    }
}

fn doubled(map: &Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = map.dims();
    let rows = map.clone().reshape([batch, channels, height, 1, width, 1]);
    rows.expand([batch, channels, height, 2, width, 2]).reshape([batch, channels, 2 * height, 2 * width])
}

#[test]
fn convolutions_of_any_size_are_their_sums() {
    for sides @ [height, width] in SIDES {
        for [batch, channels, output] in [[1, 1, 1], [2, 3, 7], [1, 12, 5]] {
            let map = pattern([batch, channels, height, width]);
            check(plain(&map), map.clone(), output);
            let affine = pattern([batch, channels, 2, 1]);
            let (scale, shift) = (affine.clone().narrow(2, 0, 1), affine.narrow(2, 1, 1));
            let prologue = Prologue::ScaleShiftSilu { scale: &scale, shift: &shift };
            let activated = silu(map.clone() * scale.clone() + shift.clone());
            check(ConvolutionInput { map: &map, prologue }, activated, output);
            if sides != [9, 1030] {
                check(ConvolutionInput { map: &map, prologue: Prologue::Double }, doubled(&map), output);
            }
        }
    }
}

#[test]
fn many_channels_are_summed_in_parts() {
    let map = pattern([1, 300, 12, 20]) * 0.2;
    check(plain(&map), map.clone(), 50);
}

#[test]
fn views_of_a_map_are_read_in_their_order() {
    let turned = pattern([1, 30, 40, 6]).swap_dims(1, 3);
    let part = pattern([3, 4, 40, 30]).narrow(0, 1, 2).narrow(2, 3, 33);
    for map in [turned, part] {
        check(plain(&map), map.clone(), 4);
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
            assert!(pointwise_in_place(map.clone(), &weight, &bias).is_err(), "overwrote a map that is held");
            let found = pointwise_in_place(map, &weight, &bias).unwrap();
            assert!(distance(found.clone(), expected.clone()) <= SUMMED, "{height}×{width}");
            assert_eq!(distance(trim(found.clone()), found), 0.0);
        }
    }
    let wider = pointwise_in_place(pattern([1, 2, 3, 4]), &pattern([3, 2, 1, 1]), &pattern([3]));
    assert!(wider.is_err());
}

#[test]
fn moments_are_those_of_every_group() {
    for [height, width] in SIDES {
        let x = pattern([2, 6, height, width]) * 0.5 + 3.0;
        let found = group_moments(&x, 3).unwrap();
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
        let kernel = Convolution::of_any_size(plain(&map), &weight, &bias).unwrap();
        let found = kernel.run(&Scratch::default());
        let finite = |rows, columns| {
            let part: Tensor<4> = found.clone().slice(s![.., .., rows, columns]);
            part.into_data().try_into_vec::<f32>().unwrap().into_iter().filter(|x| x.is_finite()).count()
        };
        assert_eq!(finite(16..19, 23..26), 0);
        assert_eq!(finite(0..12, 0..40) + finite(24..34, 0..40), 2 * 22 * 40);
        let moments = group_moments(&map, 1).unwrap();
        assert!(moments.variance.into_scalar::<f32>().is_nan());
    }
}

#[test]
fn other_types_fall_back() {
    let (weight, bias) = (pattern([2, 3, 3, 3]), pattern([2]));
    for dtype in [DType::F64, DType::BF16] {
        let map = pattern([1, 3, 34, 40]).cast(dtype);
        assert!(Convolution::of_any_size(plain(&map), &weight, &bias).is_none());
        assert!(group_moments(&map, 3).is_none());
        assert!(pointwise_in_place(map, &weight.clone().narrow(2, 0, 1).narrow(3, 0, 1), &bias).is_err());
    }
    assert!(Convolution::new(plain(&pattern([1, 3, 8, 8])), &weight, &bias).is_none());
}
