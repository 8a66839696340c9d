//! What kernels without vectors of their own share: loops that the compiler may turn into vectors.

use burn::tensor::f16;

pub(super) type Bytes = [u8; 64];
pub(super) type Ints = [i32; 16];
pub(super) type Floats = [f32; 16];

#[inline(always)]
pub(super) fn load(bytes: &[u8; 64]) -> Bytes {
    *bytes
}

#[inline(always)]
pub(super) fn store_bytes(bytes: Bytes, out: &mut [u8; 64]) {
    *out = bytes;
}

#[inline(always)]
pub(super) fn nibbles(bytes: Bytes) -> [Bytes; 2] {
    let (mut low, mut high) = (bytes, bytes);
    for at in 0..64 {
        low[at] &= 15;
        high[at] >>= 4;
    }
    [low, high]
}

#[inline(always)]
pub(super) fn splat(x: i32) -> Ints {
    [x; 16]
}

#[inline(always)]
pub(super) fn to_floats(x: Ints) -> Floats {
    let mut out = [0.0; 16];
    for lane in 0..16 {
        out[lane] = x[lane] as f32;
    }
    out
}

#[inline(always)]
pub(super) fn splat_float(x: f32) -> Floats {
    [x; 16]
}

#[inline(always)]
pub(super) fn floats(x: &[f32; 16]) -> Floats {
    *x
}

#[inline(always)]
pub(super) fn halves(bytes: &[u8; 32]) -> Floats {
    let mut out = [0.0; 16];
    for (out, &[low, high]) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
        *out = f16::from_bits(u16::from_le_bytes([low, high])).to_f32();
    }
    out
}

#[inline(always)]
pub(super) fn mul(mut x: Floats, y: Floats) -> Floats {
    for lane in 0..16 {
        x[lane] *= y[lane];
    }
    x
}

#[inline(always)]
pub(super) fn add(mut x: Floats, y: Floats) -> Floats {
    for lane in 0..16 {
        x[lane] += y[lane];
    }
    x
}

#[inline(always)]
pub(super) fn mul_add(x: Floats, y: Floats, mut sum: Floats) -> Floats {
    for lane in 0..16 {
        sum[lane] += x[lane] * y[lane];
    }
    sum
}

#[inline(always)]
pub(super) fn store(x: Floats, out: &mut [f32; 16]) {
    *out = x;
}

#[inline(always)]
pub(super) fn add_ints(mut x: Ints, y: Ints) -> Ints {
    for lane in 0..16 {
        x[lane] += y[lane];
    }
    x
}

#[inline(always)]
pub(super) fn total(x: Ints) -> i32 {
    x.iter().sum()
}

#[inline(always)]
pub(super) fn most_of(mut most: Ints, x: Floats) -> Ints {
    for lane in 0..16 {
        most[lane] = most[lane].max(x[lane].abs().to_bits() as i32);
    }
    most
}

#[inline(always)]
pub(super) fn largest(x: Ints) -> i32 {
    x.into_iter().fold(0, i32::max)
}

#[inline(always)]
pub(super) fn integers(x: Floats, factor: f32) -> Ints {
    let mut out = [0; 16];
    for lane in 0..16 {
        // Adding it leaves the nearest integer, ties to even, in the low bits.
        out[lane] = (x[lane] * factor + 12_582_912.0).to_bits() as i32 - 0x4b40_0000;
    }
    out
}

#[inline(always)]
pub(super) fn low_bytes(x: Ints) -> [i32; 4] {
    let mut bytes = [0; 16];
    for lane in 0..16 {
        bytes[lane] = x[lane] as u8;
    }
    let mut out = [0; 4];
    for (out, &four) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *out = i32::from_le_bytes(four);
    }
    out
}

#[inline(always)]
pub(super) fn store_ints(x: Ints, out: &mut [i32; 16]) {
    *out = x;
}
