//! Blocks made of numbers: the package's bytes, and the error of those that it does not make.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use omnigen2_gguf::{BlockType, NotQuantised};
use proptest::prelude::*;
use support::{fixtures, floats};

/// Rows and columns of the numbers whose errors are measured.
const SHAPE: [usize; 2] = [64, 1024];
/// The errors of `quantize_row_*_reference` of llama.cpp (September 2023, in ctransformers 0.2.27) with `normal`.
const LLAMA_CPP: [(BlockType, f64); 5] = [
    (BlockType::Q2K, 8.489e-2),
    (BlockType::Q3K, 2.211e-2),
    (BlockType::Q4K, 4.913e-3),
    (BlockType::Q5K, 1.264e-3),
    (BlockType::Q6K, 3.023e-4),
];
/// What importance is worth at least: columns differ by a factor of e, half of them by more.
const GAIN: f64 = 0.9;

/// Numbers near the normal distribution, as the weights of a network are, and always the same.
fn normal(count: usize) -> Vec<f32> {
    let mut state = 1u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    (0..count).map(|_| (0..12).map(|_| uniform()).sum::<f32>() - 6.0).collect()
}

fn again(kind: BlockType, numbers: &[f32], importance: &[f32]) -> Vec<f32> {
    let mut bytes = vec![0; kind.bytes_of(numbers.len()).unwrap()];
    kind.quantise_weighted(numbers, importance, &mut bytes).unwrap();
    let mut again = vec![0.0; numbers.len()];
    kind.dequantise(&bytes, &mut again);
    again
}

/// The mean squared error, each by its column's importance, over the mean square.
fn error(numbers: &[f32], again: &[f32], importance: &[f32]) -> f64 {
    let weights = importance.iter().cycle();
    let sums = numbers.iter().zip(again).zip(weights).fold((0.0, 0.0), |(wrong, all), ((x, y), w)| {
        let [x, y, w] = [*x, *y, *w].map(f64::from);
        (wrong + w * (x - y) * (x - y), all + w * x * x)
    });
    sums.0 / sums.1
}

#[test]
fn bytes_are_those_of_the_package() {
    let numbers = floats("input.f32");
    let mut checked = 0;
    for fixture in fixtures() {
        let Some(expected) = fixture.tensor("quantised") else { continue };
        let mut bytes = vec![0; expected.len()];
        fixture.kind.quantise(&numbers, &mut bytes).unwrap();
        assert!(bytes == expected, "{}", fixture.kind);
        checked += 1;
    }
    assert_eq!(checked, 8);
}

#[test]
fn the_error_is_below_that_of_llama_cpp() {
    let numbers = normal(SHAPE[0] * SHAPE[1]);
    for (kind, limit) in LLAMA_CPP {
        let found = error(&numbers, &again(kind, &numbers, &[1.0]), &[1.0]);
        println!("{kind:6} {found:.3e}, llama.cpp {limit:.3e}");
        assert!(found < limit, "{kind}: {found:.3e}, expected less than {limit:.3e}");
    }
    let four = |kind| error(&numbers, &again(kind, &numbers, &[1.0]), &[1.0]);
    assert!(four(BlockType::Q4K) < 0.7 * four(BlockType::Q4_0));
}

#[test]
fn what_matters_is_closer_when_importance_says_so() {
    let numbers = normal(SHAPE[0] * SHAPE[1]);
    let importance: Vec<f32> = normal(SHAPE[1]).iter().map(|number| number.exp()).collect();
    for (kind, _) in LLAMA_CPP {
        let [flat, weighted] = [&[1.0], importance.as_slice()]
            .map(|given| error(&numbers, &again(kind, &numbers, given), &importance));
        println!("{kind:6} {weighted:.3e}, without importance {flat:.3e}");
        assert!(weighted < GAIN * flat, "{kind}: {weighted:.3e}, without importance {flat:.3e}");
    }
    let none = again(BlockType::Q4K, &numbers, &vec![0.0; SHAPE[1]]);
    assert_eq!(none, again(BlockType::Q4K, &numbers, &[1.0]), "no importance at all is as good as one");
}

#[test]
fn runs_of_all_signs_and_sizes_are_met() {
    let wave = |at: usize| (at as f32 * 0.7).sin();
    for (kind, _) in LLAMA_CPP {
        for scale in [1e-3f32, 1.0, 1e3] {
            for shift in [-1.5, -1.0, 0.0, 1.0, 1.5] {
                let numbers: Vec<_> = (0..512).map(|at| scale * (wave(at) + shift)).collect();
                let found = error(&numbers, &again(kind, &numbers, &[1.0]), &[1.0]);
                let limit = if kind == BlockType::Q2K { 0.05 } else { 0.02 };
                assert!(found < limit, "{kind}, {scale}, {shift}: {found:.3e}");
            }
        }
        for number in [0.0, 0.5, -0.5, 1000.0, -1000.0] {
            let found = again(kind, &[number; 256], &[1.0]);
            assert!(
                found.iter().all(|found| (found - number).abs() <= 1e-3 * number.abs()),
                "{kind}, {number}"
            );
        }
    }
}

proptest! {
    #[test]
    fn any_numbers_are_made_blocks(
        bits in prop::collection::vec(any::<u32>(), 256),
        importance in prop::collection::vec(0.0f32..10.0, 256),
    ) {
        let numbers: Vec<_> = bits.into_iter().map(f32::from_bits).collect();
        for kind in BlockType::ALL.into_iter().filter(|kind| kind.quantises()) {
            again(kind, &numbers, &importance);
        }
    }

    #[test]
    fn blocks_of_usual_numbers_are_close(
        numbers in prop::collection::vec(-1.0f32..1.0, 256),
        powers in prop::collection::vec(-3i32..4, 16),
    ) {
        let power = |at: usize| 4.0f32.powi(powers[at / 16]);
        let numbers: Vec<_> = numbers.iter().enumerate().map(|(at, number)| number * power(at)).collect();
        for (kind, limit) in LLAMA_CPP {
            let found = error(&numbers, &again(kind, &numbers, &[1.0]), &[1.0]);
            prop_assert!(found < 2.0 * limit, "{}: {:.3e}", kind, found);
        }
    }
}

#[test]
fn types_that_are_not_made_say_so() {
    let error = BlockType::Iq4Nl.quantise(&[0.0; 32], &mut [0; 18]);
    assert_eq!(error, Err(NotQuantised { kind: BlockType::Iq4Nl }));
    assert!(BlockType::ALL.into_iter().filter(|kind| !kind.quantises()).count() == 2);
}
