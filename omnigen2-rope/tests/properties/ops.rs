//! The shared operations against loops on the host.

use burn::module::Param;
use burn::tensor::DType;
use omnigen2_rope::ops::{Linear, RmsNorm, layer_norm};
use proptest::prelude::*;

use crate::support::{difference, numbers, uniform};

/// Sums of at most 24 numbers of size 1, in another order than the host's.
const TOLERANCE: f32 = 1e-5;
/// Numbers of size up to 20 are known to 1e-6, a hundred-thousandth of the least standard deviation.
const UNIT_TOLERANCE: f64 = 1e-4;
/// Under this variance, rounding is too large a part of what is normalised.
const LEAST_VARIANCE: f64 = 1e-2;

fn linear(seed: u64, [input, output]: [usize; 2]) -> Linear {
    Linear {
        weight: uniform(seed, [output, input]).into(),
        bias: Some(Param::from_tensor(uniform(!seed, [output]))),
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn linear_maps_each_row(rows in 1usize..6, input in 1usize..24, output in 1usize..12, seed: u64) {
        let linear = linear(seed, [input, output]);
        let x = uniform(seed ^ 1, [1, rows, input]);
        let (weight, bias) = (numbers(linear.weight.val()), numbers(uniform(!seed, [output])));
        let expected = numbers(x.clone()).chunks(input).flat_map(|row| {
            weight.chunks(input).zip(&bias).map(|(weight, bias)| {
                bias + row.iter().zip(weight).map(|(x, w)| x * w).sum::<f32>()
            }).collect::<Vec<_>>()
        }).collect::<Vec<_>>();
        let found = numbers(linear.forward(x));
        prop_assert_eq!(found.len(), expected.len());
        prop_assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < TOLERANCE));
    }

    #[test]
    fn bf16_weights_are_f32_weights_rounded(input in 1usize..24, output in 1usize..12, seed: u64) {
        let Linear { weight, bias } = linear(seed, [input, output]);
        let half = weight.val().cast(DType::BF16);
        let stored = Linear { weight: half.clone().into(), bias: bias.clone() };
        let widened = Linear { weight: half.cast(DType::F32).into(), bias };
        let x = uniform(seed ^ 1, [2, 3, input]);
        let found = stored.forward(x.clone());
        prop_assert_eq!(found.dtype(), DType::F32);
        prop_assert!(difference(found, widened.forward(x)) < TOLERANCE);
    }

    #[test]
    fn rms_norm_divides_by_the_root_of_the_mean_square(rows in 1usize..6, channels in 1usize..24, seed: u64) {
        const EPSILON: f64 = 1e-5;
        let scale = uniform(!seed, [channels]);
        let norm = RmsNorm { weight: Param::from_tensor(scale.clone()), epsilon: EPSILON };
        let x = uniform(seed, [1, rows, channels]);
        let scale = numbers(scale);
        let expected = numbers(x.clone()).chunks(channels).flat_map(|row| {
            let root = (mean(row.iter().map(|&x| f64::from(x).powi(2))) + EPSILON).sqrt();
            row.iter().zip(&scale).map(|(x, scale)| (f64::from(x * scale) / root) as f32).collect::<Vec<_>>()
        }).collect::<Vec<_>>();
        let found = numbers(norm.forward(x));
        prop_assert_eq!(found.len(), expected.len());
        prop_assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < TOLERANCE));
    }

    #[test]
    fn layer_norm_has_mean_zero_and_variance_one(
        channels in 2usize..48,
        shift in -10.0f64..10.0,
        scale in 0.1f64..10.0,
        seed: u64,
    ) {
        let x = uniform(seed, [1, 1, channels]) * scale + shift;
        let moments = |values: Vec<f32>| {
            let mean_of = |f: fn(f64) -> f64| mean(values.iter().map(|&x| f(f64::from(x))));
            let centre = mean_of(|x| x);
            [centre, mean_of(|x| x * x) - centre * centre]
        };
        prop_assume!(moments(numbers(x.clone()))[1] > LEAST_VARIANCE);
        let [centre, variance] = moments(numbers(layer_norm(x, 0.0)));
        prop_assert!(centre.abs() < UNIT_TOLERANCE && (variance - 1.0).abs() < UNIT_TOLERANCE);
    }
}
