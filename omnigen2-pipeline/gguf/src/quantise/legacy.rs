//! Blocks of 32 numbers with one scale, and one offset or none, to the byte as `gguf.quants` makes them.

use half::f16;

type Numbers = [f32; 32];

pub(super) fn q8_0(numbers: &Numbers, block: &mut [u8; 34]) {
    let scale = numbers.iter().fold(0.0f32, |greatest, number| greatest.max(number.abs())) / 127.0;
    let inverse = inverse(scale);
    put(block, 0, scale);
    for (byte, number) in block[2..].iter_mut().zip(numbers) {
        *byte = (number * inverse).round() as i8 as u8;
    }
}

pub(super) fn q4_0(numbers: &Numbers, block: &mut [u8; 18]) {
    let scale = farthest(numbers) / -8.0;
    let inverse = inverse(scale);
    put(block, 0, scale);
    nibbles(&numbers.map(|number| ((number * inverse + 8.5) as u8).min(15)), &mut block[2..]);
}

pub(super) fn q4_1(numbers: &Numbers, block: &mut [u8; 20]) {
    let (least, scale) = span(numbers, 15.0);
    let inverse = inverse(scale);
    put(block, 0, scale);
    put(block, 2, least);
    nibbles(&numbers.map(|number| (((number - least) * inverse + 0.5) as u8).min(15)), &mut block[4..]);
}

pub(super) fn q5_0(numbers: &Numbers, block: &mut [u8; 22]) {
    let scale = farthest(numbers) / -16.0;
    let inverse = inverse(scale);
    put(block, 0, scale);
    let values = numbers.map(|number| ((number * inverse + 16.5) as u8).min(31));
    fifth_bits(&values, &mut block[2..6]);
    nibbles(&values, &mut block[6..]);
}

pub(super) fn q5_1(numbers: &Numbers, block: &mut [u8; 24]) {
    let (least, scale) = span(numbers, 31.0);
    let inverse = inverse(scale);
    put(block, 0, scale);
    put(block, 2, least);
    let values = numbers.map(|number| (((number - least) * inverse + 0.5) as u8).min(31));
    fifth_bits(&values, &mut block[4..8]);
    nibbles(&values, &mut block[8..]);
}

/// The number that is farthest from zero, the first of several.
fn farthest(numbers: &Numbers) -> f32 {
    numbers
        .iter()
        .copied()
        .fold(numbers[0], |far, number| if number.abs() > far.abs() { number } else { far })
}

/// The least number, and the distance to the greatest one in so many steps.
fn span(numbers: &Numbers, steps: f32) -> (f32, f32) {
    let least = numbers.iter().copied().fold(f32::INFINITY, f32::min);
    let greatest = numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    (least, (greatest - least) / steps)
}

fn inverse(scale: f32) -> f32 {
    if scale == 0.0 { 0.0 } else { 1.0 / scale }
}

fn put(block: &mut [u8], at: usize, number: f32) {
    block[at..at + 2].copy_from_slice(&f16::from_f32(number).to_le_bytes());
}

fn nibbles(values: &[u8; 32], bytes: &mut [u8]) {
    let (low, high) = values.split_at(16);
    for ((low, high), byte) in low.iter().zip(high).zip(bytes) {
        *byte = low & 15 | high << 4;
    }
}

fn fifth_bits(values: &[u8; 32], bytes: &mut [u8]) {
    for (values, byte) in values.as_chunks::<8>().0.iter().zip(bytes) {
        *byte = values.iter().rev().fold(0, |bits, value| bits << 1 | value >> 4);
    }
}
