use burn::prelude::*;
use burn::tensor::Distribution;
use burn::tensor::activation::silu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;

use super::{convolve, group_norm_silu};

/// Sums of some thousand F32 products in another order, against the largest of them.
const TOLERANCE: f32 = 2e-5;

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), device).require_grad()
}

fn assert_near<const D: usize>(found: Tensor<D>, expected: Tensor<D>) {
    assert_eq!(found.dims(), expected.dims());
    let scale = expected.clone().abs().max().into_scalar::<f32>();
    let difference = (found - expected).abs().max().into_scalar::<f32>();
    assert!(difference <= TOLERANCE * scale.max(1.0), "{difference} of {scale}");
}

#[test]
fn a_convolution_and_its_gradients_are_burns() {
    let device = Device::flex().autodiff();
    for [batch, inputs, outputs, side] in [[2, 3, 8, 3], [1, 8, 5, 3], [3, 4, 6, 1], [2, 1, 1, 3]] {
        for [height, width] in [[8, 8], [5, 16], [1, 24]] {
            let x = random([batch, inputs, height, width], &device);
            let weight = random([outputs, inputs, side, side], &device);
            let bias = random([outputs], &device);
            let towards = random([batch, outputs, height, width], &device).detach();
            let rim = side / 2;
            let options = ConvOptions::new([1, 1], [rim, rim], [1, 1], 1);
            let found = convolve(&x, &weight, &bias).unwrap();
            let expected = conv2d(x.clone(), weight.clone(), Some(bias.clone()), options);
            assert_near(found.clone().inner(), expected.clone().inner());
            let found = (found * towards.clone()).sum().backward();
            let expected = (expected * towards).sum().backward();
            assert_near(x.grad(&found).unwrap(), x.grad(&expected).unwrap());
            assert_near(weight.grad(&found).unwrap(), weight.grad(&expected).unwrap());
            assert_near(bias.grad(&found).unwrap(), bias.grad(&expected).unwrap());
        }
    }
}

#[test]
fn an_group_norm_silu_and_its_gradients_are_those_of_plain_operations() {
    let device = Device::flex().autodiff();
    for [batch, channels, groups] in [[2, 8, 4], [1, 4, 1], [3, 6, 6]] {
        let dims = [batch, channels, 3, 8];
        let x = random(dims, &device);
        let [scale, shift] = [(); 2].map(|()| random([channels], &device));
        let towards = random(dims, &device).detach();
        let found = group_norm_silu(&x, [&scale, &shift], groups, 1e-6).unwrap();
        let grouped = x.clone().reshape([batch, groups, channels / groups * 24]);
        let centred = grouped.clone() - grouped.mean_dim(2);
        let variance = centred.clone().square().mean_dim(2);
        let normalised = (centred / (variance + 1e-6).sqrt()).reshape(dims);
        let per_channel = |x: &Tensor<1>| x.clone().reshape([1, channels, 1, 1]);
        let expected = silu(normalised * per_channel(&scale) + per_channel(&shift));
        assert_near(found.clone().inner(), expected.clone().inner());
        let found = (found * towards.clone()).sum().backward();
        let expected = (expected * towards).sum().backward();
        assert_near(x.grad(&found).unwrap(), x.grad(&expected).unwrap());
        assert_near(scale.grad(&found).unwrap(), scale.grad(&expected).unwrap());
        assert_near(shift.grad(&found).unwrap(), shift.grad(&expected).unwrap());
    }
}

#[test]
fn what_records_nothing_is_left_to_others() {
    let device = Device::flex();
    let x = Tensor::<4>::zeros([1, 1, 8, 8], &device);
    assert!(convolve(&x, &Tensor::zeros([1, 1, 3, 3], &device), &Tensor::zeros([1], &device)).is_none());
}
