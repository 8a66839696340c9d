//! Every operation beside the plain ones that it replaces, in values and gradients.

use burn::prelude::*;
use burn::tensor::Distribution;
use burn::tensor::activation::{silu, softmax};

use super::{attend, rms_norm, rotate, silu_gate};
use crate::AttentionMask;

/// Sums of some hundred F32 products in another order, against the largest of them.
const TOLERANCE: f32 = 2e-5;

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex().autodiff()).require_grad()
}

fn assert_near<const D: usize>(found: Tensor<D>, expected: Tensor<D>) {
    assert_eq!(found.dims(), expected.dims());
    let scale = expected.clone().abs().max().into_scalar::<f32>();
    let difference = (found - expected).abs().max().into_scalar::<f32>();
    assert!(difference <= TOLERANCE * scale.max(1.0), "{difference} of {scale}");
}

/// Compares outputs, and the gradients of inputs towards a random direction.
fn assert_same<const D: usize, const N: usize, const E: usize>(
    found: Tensor<D>,
    expected: Tensor<D>,
    inputs: [&Tensor<E>; N],
) {
    let towards = random(expected.dims()).detach();
    assert_near(found.clone().inner(), expected.clone().inner());
    let found = (found * towards.clone()).sum().backward();
    let expected = (expected * towards).sum().backward();
    for input in inputs {
        assert_near(input.grad(&found).unwrap(), input.grad(&expected).unwrap());
    }
}

#[test]
fn a_gate() {
    for width in [8, 13] {
        let [gate, up] = [(); 2].map(|()| random([3, 5, width]));
        assert_same(silu_gate(&gate, &up).unwrap(), silu(gate.clone()) * up.clone(), [&gate, &up]);
    }
}

#[test]
fn a_norm_with_one_scale_or_one_an_image() {
    for [images, width] in [[1, 8], [3, 24], [3, 13]] {
        let x = random([3, 7, width]);
        let scale = random([images, 1, width]);
        let mean_square = x.clone().square().mean_dim(2);
        let expected = x.clone() / (mean_square + 1e-5).sqrt() * scale.clone();
        assert_same(rms_norm(&x, &scale, 1e-5).unwrap(), expected, [&x, &scale]);
    }
}

#[test]
fn a_rotation() {
    let x = random([2, 3, 5, 8]);
    let angles = Tensor::<3>::random([1, 5, 4], Distribution::Default, &Device::flex());
    let (cos, sin) = (angles.clone().cos(), angles.sin());
    let [c, s] = [&cos, &sin].map(|table| table.clone().autodiff().unsqueeze_dim::<4>(1));
    let (re, im) = (x.clone().narrow(3, 0, 4), x.clone().narrow(3, 4, 4));
    let turned = [re.clone() * c.clone() - im.clone() * s.clone(), re * s + im * c];
    let [cos, sin] = [cos, sin].map(Tensor::autodiff);
    assert_same(rotate::<false>(&x, &cos, &sin).unwrap(), Tensor::cat(turned.to_vec(), 3), [&x]);
}

#[test]
fn attention_with_shared_heads_to_all_and_to_what_came_before() {
    for causal in [false, true] {
        let queries = random([2, 4, 6, 8]);
        let [keys, values] = [(); 2].map(|()| random([2, 2, 6, 8]));
        let spread = |x: &Tensor<4>| {
            let wide = x.clone().unsqueeze_dim::<5>(2).expand([2, 2, 2, 6, 8]);
            wide.reshape([2, 4, 6, 8])
        };
        let scores = queries.clone().matmul(spread(&keys).transpose()) * 8f64.powf(-0.5);
        let mask = Tensor::<2, Bool>::tril_mask([6, 6], 0, &queries.device());
        let scores = if causal { scores.mask_fill(mask.unsqueeze(), f32::NEG_INFINITY) } else { scores };
        let expected = softmax(scores, 3).matmul(spread(&values));
        let mask = if causal { AttentionMask::Causal } else { AttentionMask::None };
        let found = attend(&queries, &keys, &values, &mask).unwrap();
        let towards = random(expected.dims()).detach();
        assert_near(found.clone().inner(), expected.clone().inner());
        let found = (found * towards.clone()).sum().backward();
        let expected = (expected * towards).sum().backward();
        for input in [&queries, &keys, &values] {
            assert_near(input.grad(&found).unwrap(), input.grad(&expected).unwrap());
        }
    }
}

/// Every other way for a gradient to lie: its last axis is apart, it is one number for all, or it runs backwards.
fn gradients_as_they_come(forward: impl Fn() -> Tensor<4>, plain: impl Fn() -> Tensor<4>, input: &Tensor<4>) {
    let [a, b, c, d] = forward().dims();
    let towards = random([a, b, d, c]).detach();
    let turned = |y: Tensor<4>| (y.swap_dims(2, 3) * towards.clone()).sum();
    let summed = |y: Tensor<4>| y.sum();
    let flipped = |y: Tensor<4>| (y.flip([2, 3]).swap_dims(2, 3) * towards.clone()).sum();
    let losses: [&dyn Fn(Tensor<4>) -> Tensor<1>; 3] = [&turned, &summed, &flipped];
    for loss in losses {
        let [found, expected] = [loss(forward()), loss(plain())].map(|loss| loss.backward());
        assert_near(input.grad(&found).unwrap(), input.grad(&expected).unwrap());
    }
}

#[test]
fn a_rotation_takes_any_gradient_back() {
    let x = random([2, 3, 5, 8]);
    let angles = Tensor::<3>::random([1, 5, 4], Distribution::Default, &Device::flex());
    let (cos, sin) = (angles.clone().cos(), angles.sin());
    let [c, s] = [&cos, &sin].map(|table| table.clone().autodiff().unsqueeze_dim::<4>(1));
    let plain = || {
        let (re, im) = (x.clone().narrow(3, 0, 4), x.clone().narrow(3, 4, 4));
        Tensor::cat(vec![re.clone() * c.clone() - im.clone() * s.clone(), re * s.clone() + im * c.clone()], 3)
    };
    let [cos, sin] = [&cos, &sin].map(|table| table.clone().autodiff());
    gradients_as_they_come(|| rotate::<false>(&x, &cos, &sin).unwrap(), plain, &x);
}

#[test]
fn attention_takes_any_gradient_back() {
    let queries = random([2, 2, 6, 8]);
    let [keys, values] = [(); 2].map(|()| random([2, 2, 6, 8]));
    let plain = || {
        let scores = queries.clone().matmul(keys.clone().transpose()) * 8f64.powf(-0.5);
        softmax(scores, 3).matmul(values.clone())
    };
    let found = || attend(&queries, &keys, &values, &AttentionMask::None).unwrap();
    for input in [&queries, &keys, &values] {
        gradients_as_they_come(found, plain, input);
    }
}
