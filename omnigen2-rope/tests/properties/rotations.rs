//! Rotations: of every kind, by any places.

use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_rope::{Frequencies, Position};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{difference, numbers, uniform};

/// Pairs of numbers of size 1 are multiplied by cosines and sines of F32, and 12 of them summed.
const TOLERANCE: f32 = 1e-5;
/// BF16 keeps 8 bits, so that rounding a number of size up to √2 moves it by at most 2⁻⁸.
const BF16_TOLERANCE: f32 = 1.0 / 256.0;

const HEAD_DIM: usize = 12;

fn frequencies() -> impl Strategy<Value = Frequencies> {
    prop_oneof![
        Just(Frequencies::omni(10_000.0, [4, 4, 4])),
        Just(Frequencies::omni(10_000.0, [8, 2, 2])),
        Just(Frequencies::mrope(1e6, [2, 2, 2])),
        Just(Frequencies::mrope(1e6, [1, 2, 3])),
        Just(Frequencies::vision(10_000.0, HEAD_DIM)),
    ]
}

fn position() -> impl Strategy<Value = Position> {
    [0usize..2000, 0..200, 0..200].prop_map(Position)
}

fn moved(Position(place): Position, by: Position) -> Position {
    Position(std::array::from_fn(|axis| place[axis] + by.0[axis]))
}

/// The product of a query at one place and a key at another, both turned.
fn product(frequencies: &Frequencies, at: [Position; 2], seed: u64) -> f32 {
    let pair = uniform(seed, [1, 1, 2, HEAD_DIM]);
    let turned = frequencies.rotation(&at, &Device::flex()).apply(pair);
    (turned.clone().narrow(2, 0, 1) * turned.narrow(2, 1, 1)).sum().into_scalar()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn lengths_stay(frequencies in frequencies(), places in vec(position(), 1..8), seed: u64) {
        let x = uniform(seed, [2, 3, places.len(), frequencies.head_dim()]);
        let turned = frequencies.rotation(&places, &Device::flex()).apply(x.clone());
        let length = |x: Tensor<4>| x.square().sum_dim(3).sqrt();
        prop_assert!(difference(length(x), length(turned)) < TOLERANCE);
    }

    #[test]
    fn place_zero_turns_nothing(frequencies in frequencies(), seed: u64) {
        let x = uniform(seed, [1, 2, 1, HEAD_DIM]);
        let turned = frequencies.rotation(&[Position::diagonal(0)], &Device::flex()).apply(x.clone());
        prop_assert_eq!(numbers(turned), numbers(x));
    }

    #[test]
    fn products_depend_on_the_difference_of_places_alone(
        frequencies in frequencies(),
        at in [position(), position()],
        by in position(),
        seed: u64,
    ) {
        let here = product(&frequencies, at, seed);
        let there = product(&frequencies, at.map(|place| moved(place, by)), seed);
        prop_assert!((here - there).abs() < TOLERANCE, "{} and {}", here, there);
    }

    #[test]
    fn half_precision_is_turned_in_full_and_rounded_once(
        frequencies in frequencies(),
        place in position(),
        seed: u64,
    ) {
        let rotation = frequencies.rotation(&[place], &Device::flex());
        let x = uniform(seed, [1, 1, 1, HEAD_DIM]).cast(DType::BF16);
        let turned = rotation.apply(x.clone());
        prop_assert_eq!(turned.dtype(), DType::BF16);
        let full = rotation.apply(x.cast(DType::F32));
        prop_assert!(difference(turned.cast(DType::F32), full) <= BF16_TOLERANCE);
    }
}
