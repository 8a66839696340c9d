//! Products in which activations are rounded to BF16.

mod support;

use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_rope::ops::{Bf16Products, Linear, LowRank, Weight, project, project_rounded};
use support::{Attach, random};

/// The same F32 sums in another order, against the largest.
const TOLERANCE: f32 = 1e-5;

fn difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    let scale = b.clone().abs().max().into_scalar::<f32>();
    (a - b).abs().max().into_scalar::<f32>() / scale
}

fn rounded<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    x.cast(DType::BF16).cast(DType::F32)
}

fn narrow(output: usize, input: usize, device: &Device) -> Linear {
    let weight = random([output, input], device).cast(DType::BF16);
    Linear { weight: Weight::from(weight), bias: None }
}

#[test]
fn activations_are_rounded_however_many_there_are() {
    let device = Device::flex();
    for [output, input] in [[1, 1], [5, 3], [17, 33], [40, 1023], [130, 1100], [300, 2520]] {
        let linear = narrow(output, input, &device).apply_reparameterization(Bf16Products);
        let wide = linear.weight.val().cast(DType::F32);
        for rows in [1, 2, 16, 17, 29, 60] {
            let x = random([rows, input], &device);
            let expected = rounded(x.clone()).matmul(wide.clone().transpose());
            let difference = difference(linear.forward(x), expected);
            assert!(difference < TOLERANCE, "{rows} rows, {output} from {input}: {difference}");
        }
    }
}

#[test]
fn numbers_that_are_none_stay_none() {
    let device = Device::flex();
    let weight = Tensor::<2>::ones([20, 40], &device).cast(DType::BF16);
    for (number, is_kept) in
        [(f32::NAN, f32::is_nan as fn(f32) -> bool), (f32::INFINITY, f32::is_infinite as fn(f32) -> bool)]
    {
        let x = Tensor::<2>::ones([20, 40], &device)
            .slice_assign([3..4, 7..8], Tensor::full([1, 1], number, &device));
        let y = project_rounded(x, weight.clone()).into_data().try_into_vec::<f32>().unwrap();
        for (row, y) in y.chunks(20).enumerate() {
            assert!(
                y.iter().all(|&y| if row == 3 { is_kept(y) } else { y == 40.0 }),
                "{number} in row {row}: {y:?}"
            );
        }
    }
}

#[test]
fn other_weights_are_multiplied_as_before() {
    let device = Device::flex();
    let linear = Linear::with_bias(70, 30, &device);
    let x = random([25, 70], &device);
    let expected = linear.forward(x.clone()).into_data();
    let found = linear.apply_reparameterization(Bf16Products).forward(x).into_data();
    assert_eq!(found, expected);
}

#[test]
fn networks_that_are_moved_or_mapped_stay_so() {
    struct Leave;

    impl burn::module::ModuleMapper for Leave {}

    let device = Device::flex();
    let linear = narrow(30, 70, &device).apply_reparameterization(Bf16Products);
    let x = random([25, 70], &device);
    let expected = linear.forward(x.clone()).into_data();
    let exact = project(x.clone(), linear.weight.val()).into_data();
    assert_ne!(expected, exact);
    for linear in [linear.clone().map(&mut Leave), linear.clone().to_device(&device), linear.fork(&device)] {
        assert_eq!(linear.forward(x.clone()).into_data(), expected);
    }
}

#[test]
fn what_stands_beside_is_added_exactly() {
    let device = Device::flex();
    let linear = narrow(30, 70, &device).apply_reparameterization(Bf16Products);
    let low_rank = LowRank::new(random([2, 70], &device), random([30, 2], &device), 0.5);
    let x = random([25, 70], &device);
    let expected = linear.forward(x.clone()) + low_rank.forward(x.clone());
    let adapted = linear.apply_reparameterization(Attach(low_rank));
    assert!(adapted.weight.low_rank().is_some());
    assert!(difference(adapted.forward(x), expected) < TOLERANCE);
}
