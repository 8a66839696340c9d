//! Blocks against the Python package `gguf`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use omnigen2_gguf::{BlockType, Integers, fp8};
use support::{bits, fixtures};

#[test]
fn numbers_are_those_of_the_package_to_the_bit() {
    for fixture in fixtures() {
        let mut numbers = vec![0.0; fixture.numbers.len()];
        fixture.kind.dequantise(&fixture.bytes(), &mut numbers);
        assert_eq!(bits(&numbers), bits(&fixture.numbers), "{}", fixture.kind);
    }
}

#[test]
fn integers_with_scales_and_offsets_are_the_numbers_to_the_bit() {
    for fixture in fixtures() {
        let Some(view) = fixture.kind.integer_view() else { continue };
        let count = fixture.numbers.len();
        let runs = count / view.run();
        let mut values = vec![0; count];
        let mut scales = vec![0.0; runs];
        let mut offsets = vec![0.0; if view.has_offsets() { runs } else { 0 }];
        let into = Integers { values: &mut values, scales: &mut scales, offsets: &mut offsets };
        view.fill(&fixture.bytes(), into);
        assert!(values.iter().all(|value| view.range().contains(value)), "{}", fixture.kind);
        assert!([view.range().start(), view.range().end()].iter().all(|edge| values.contains(edge)));

        let number = |(at, value): (usize, &i8)| {
            let product = scales[at / view.run()] * f32::from(*value);
            offsets.get(at / view.run()).map_or(product, |offset| product + offset)
        };
        let numbers: Vec<_> = values.iter().enumerate().map(number).collect();
        assert_eq!(bits(&numbers), bits(&fixture.numbers), "{}", fixture.kind);
    }
}

#[test]
fn runs_are_of_16_or_32() {
    for kind in BlockType::ALL {
        let run = match kind {
            BlockType::F32 | BlockType::F16 | BlockType::Bf16 => None,
            BlockType::Q2K | BlockType::Q3K | BlockType::Q6K => Some(16),
            _ => Some(32),
        };
        assert_eq!(kind.integer_view().map(|view| view.run()), run, "{kind}");
    }
}

#[test]
#[should_panic(expected = "64 numbers of Q8_0 in 34 bytes")]
fn bytes_of_other_numbers_are_refused() {
    BlockType::Q8_0.dequantise(&[0; 34], &mut [0.0; 64]);
}

#[test]
fn types_are_found_by_number() {
    for kind in BlockType::ALL {
        assert_eq!(BlockType::from_id(kind.id()), Ok(kind));
    }
    let error = BlockType::from_id(28).unwrap_err();
    assert!(error.to_string().starts_with("is of type 28 (F64), which is not read"), "{error}");
    let error = BlockType::from_id(4).unwrap_err();
    assert!(error.to_string().starts_with("is of type 4 (no type that is known)"), "{error}");
}

/// The number that a byte stands for by the definition, with a bias of `bias` and `2^fraction` fractions.
fn defined(byte: u8, fraction: i32, bias: i32) -> f32 {
    let sign = if byte < 128 { 1.0 } else { -1.0 };
    let (exponent, rest) = (i32::from(byte & 127) >> fraction, i32::from(byte & 127) & ((1 << fraction) - 1));
    let significand = rest as f32 / 2.0f32.powi(fraction);
    let is_last = exponent == 127 >> fraction;
    match (fraction, rest) {
        (2, 0) if is_last => sign * f32::INFINITY,
        (2, _) if is_last => f32::NAN,
        (3, 7) if is_last => f32::NAN,
        _ if exponent == 0 => sign * significand * 2.0f32.powi(1 - bias),
        _ => sign * (1.0 + significand) * 2.0f32.powi(exponent - bias),
    }
}

#[test]
fn all_numbers_of_8_bits_are_as_defined() {
    for (table, fraction, bias) in [(&fp8::E4M3, 3, 7), (&fp8::E5M2, 2, 15)] {
        for byte in 0..=255u8 {
            let (found, expected) = (table[usize::from(byte)], defined(byte, fraction, bias));
            let is_equal = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
            assert!(is_equal, "{byte}: {found}, expected {expected}");
        }
    }
    assert_eq!((fp8::E4M3[0x7e], fp8::E4M3[1]), (448.0, 2.0f32.powi(-9)));
    assert_eq!((fp8::E5M2[0x7b], fp8::E5M2[1]), (57344.0, 2.0f32.powi(-16)));
    let half = |byte: u8| half::f16::from_bits(u16::from(byte) << 8).to_f32();
    assert!((0..124).all(|byte| fp8::E5M2[usize::from(byte)] == half(byte)));
}
