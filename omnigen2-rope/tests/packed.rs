//! Weights that rest as narrow integers.

mod support;

use burn::module::{ModuleMapper, ModuleVisitor, Param};
use burn::prelude::*;
use burn::tensor::FloatDType;
use omnigen2_kernels::packed::{Bits, Integers, Layout, PackedBytes};
use omnigen2_rope::ops::{Linear, LowRank, Packed};
use support::{Attach, random};

/// The same F32 sums in another order.
const TOLERANCE: f32 = 1e-4;
/// Outputs and inputs: whole blocks and groups, and ragged ones.
const SHAPES: [[usize; 2]; 4] = [[16, 32], [1, 1], [35, 70], [48, 2520]];
const BITS: [Bits; 2] = [Bits::Four, Bits::Eight];

/// Activations that lose nothing when they are rounded to 8 bits: integers, and the largest of them in each block.
fn whole_numbers(rows: usize, input: usize, device: &Device) -> Tensor<2> {
    let numbers = (0..rows * input)
        .map(|i| if (i % input).is_multiple_of(32) { 127.0 } else { ((i * 37) % 255) as f32 - 127.0 });
    Tensor::from_data(TensorData::new(numbers.collect::<Vec<f32>>(), [rows, input]), device)
}

fn difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    let scale = b.clone().abs().max().into_scalar::<f32>().max(1.0);
    (a - b).abs().max().into_scalar::<f32>() / scale
}

fn packed_linear(bits: Bits, [output, input]: [usize; 2], device: &Device) -> Linear {
    Linear { weight: Packed::quantise(random([output, input], device), bits).into(), bias: None }
}

#[test]
fn kernels_agree_with_the_plain_operations() {
    let (device, recording) = (Device::flex(), Device::flex().autodiff());
    for bits in BITS {
        for shape in SHAPES {
            let packed = Packed::quantise(random(shape, &device), bits);
            let plain = packed.clone().to_device(&recording);
            assert!(difference(packed.val(), plain.val().inner()) == 0.0, "{bits:?} {shape:?}");
            for rows in [1, 3, 40] {
                let x = whole_numbers(rows, shape[1], &device);
                let expected = plain.project(Tensor::from_inner(x.clone())).inner();
                let difference = difference(packed.project(x), expected);
                assert!(difference < TOLERANCE, "{bits:?} {shape:?} {rows} rows: {difference}");
            }
            let at = Tensor::<1, Int>::from_ints([shape[0] as i64 - 1, 0, shape[0] as i64 / 2], &device);
            let expected = packed.val().select(0, at.clone());
            let rows = packed.rows(at.clone(), FloatDType::F32);
            assert!(difference(rows, expected.clone()) == 0.0, "{bits:?} {shape:?}");
            let rows = plain.rows(at.to_device(&recording), FloatDType::F32).inner();
            assert!(difference(rows, expected) == 0.0, "{bits:?} {shape:?}");
        }
    }
}

#[test]
fn blocks_that_run_on_from_row_to_row_are_multiplied_as_by_the_plain_operations() {
    let (device, recording) = (Device::flex(), Device::flex().autodiff());
    for bits in BITS {
        for [output, input] in [[64, 72], [36, 2520], [96, 33]] {
            let layout = Layout { runs_on: true, ..Layout::of(output, input, bits) };
            let values: Vec<u8> = (0..output * input).map(|i| (i * 37 % 16) as u8).collect();
            let scales: Vec<f32> = (0..values.len() / 32).map(|i| (i % 7) as f32 - 2.5).collect();
            let mut bytes = PackedBytes::zeros(layout);
            let offsets = if layout.has_offsets { &scales[..] } else { &[] };
            bytes.fill().pack(Integers { values: &values, scales: &scales, offsets });
            let packed = Packed::new(bytes, &device);
            let plain = packed.clone().to_device(&recording);
            assert!(difference(packed.val(), plain.val().inner()) == 0.0, "{layout:?}");
            for rows in [1, 40] {
                // One number only stands in each block, wherever it begins, so that rounding loses nothing.
                let x = (0..rows * input).map(|i| if (i % input).is_multiple_of(32) { 3.0 } else { 0.0 });
                let x =
                    Tensor::<2>::from_data(TensorData::new(x.collect::<Vec<f32>>(), [rows, input]), &device);
                let expected = plain.project(Tensor::from_inner(x.clone())).inner();
                let difference = difference(packed.project(x), expected);
                assert!(difference < TOLERANCE, "{layout:?} {rows} rows: {difference}");
            }
            let at = Tensor::<1, Int>::from_ints([output as i64 - 1, 0, 5], &device);
            let expected = packed.val().select(0, at.clone());
            let rows = plain.rows(at.clone().to_device(&recording), FloatDType::F32).inner();
            assert!(difference(packed.rows(at, FloatDType::F32), expected.clone()) == 0.0, "{layout:?}");
            assert!(difference(rows, expected) == 0.0, "{layout:?}");
        }
    }
}

#[test]
fn little_is_lost() {
    let device = Device::flex();
    let matrix = random([64, 512], &device);
    for (bits, limit) in [(Bits::Eight, 0.006), (Bits::Four, 0.085)] {
        let lost = Packed::quantise(matrix.clone(), bits).val() - matrix.clone();
        let lost = (lost.square().mean() / matrix.clone().square().mean()).sqrt().into_scalar::<f32>();
        assert!(lost < limit, "{bits:?} loses {lost}");
    }
}

struct Sum(f32);

impl ModuleVisitor for Sum {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        self.0 += parameter.val().sum().into_scalar::<f32>();
    }
}

struct Leave;

impl ModuleMapper for Leave {}

struct Double;

impl ModuleMapper for Double {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        parameter.map(|x| x * 2)
    }
}

struct Pack;

impl ModuleMapper for Pack {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let id = parameter.id;
        let [output, input] = parameter.lazy_shape().dims();
        let matrix = parameter.val().reshape([output, input]);
        Packed::quantise(matrix, Bits::Eight).into_parameter(id)
    }
}

#[test]
fn visitors_see_numbers_and_mappers_decide_how_they_rest() {
    let device = Device::flex();
    let linear = packed_linear(Bits::Eight, [8, 40], &device);
    let numbers = linear.weight.val();
    let mut sum = Sum(0.0);
    linear.visit(&mut sum);
    assert_eq!(sum.0, numbers.clone().sum().into_scalar::<f32>());
    assert_eq!(linear.num_params(), 8 * 40);

    let left = linear.clone().map(&mut Leave);
    assert!(left.weight.packed().is_some());
    let doubled = linear.map(&mut Double);
    assert!(doubled.weight.packed().is_none());
    assert_eq!((doubled.weight.val() / 2).into_data(), numbers.into_data());
    let packed = Linear::new(40, 8, &device).map(&mut Pack);
    assert_eq!(packed.weight.packed().map(Packed::shape), Some([8, 40]));
}

#[test]
fn records_hold_the_numbers() {
    let device = Device::flex();
    let linear = packed_linear(Bits::Four, [8, 40], &device);
    let restored = Linear::new(40, 8, &device).load_record(linear.clone().into_record());
    assert_eq!(restored.weight.val().into_data(), linear.weight.val().into_data());
}

#[test]
fn adapters_stand_beside_packed_weights() {
    let device = Device::flex();
    let linear = packed_linear(Bits::Eight, [8, 64], &device);
    let low_rank = LowRank::new(random([2, 64], &device), random([8, 2], &device), 0.5);
    let adapted = linear.clone().apply_reparameterization(Attach(low_rank.clone()));
    assert!(adapted.weight.packed().is_some());
    let x = whole_numbers(5, 64, &device);
    let expected = linear.forward(x.clone()) + low_rank.forward(x.clone());
    assert!(difference(adapted.forward(x.clone()), expected.clone()) < TOLERANCE);
    let merged = adapted.materialize();
    assert!(merged.weight.packed().is_none() && merged.weight.low_rank().is_none());
    assert!(difference(merged.forward(x), expected) < TOLERANCE);
}
