//! What all kernels with vectors of 512 bits share.

use std::arch::x86_64::*;

use bytemuck::cast;

pub(super) type Bytes = __m512i;
pub(super) type Ints = __m512i;
pub(super) type Floats = __m512;

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn load(bytes: &[u8; 64]) -> Bytes {
    cast(*bytes)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn store_bytes(bytes: Bytes, out: &mut [u8; 64]) {
    *out = cast(bytes);
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn nibbles(bytes: Bytes) -> [Bytes; 2] {
    let mask = _mm512_set1_epi8(15);
    [_mm512_and_si512(bytes, mask), _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), mask)]
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn splat(x: i32) -> Ints {
    _mm512_set1_epi32(x)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn to_floats(x: Ints) -> Floats {
    _mm512_cvtepi32_ps(x)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn splat_float(x: f32) -> Floats {
    _mm512_set1_ps(x)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn floats(x: &[f32; 16]) -> Floats {
    cast(*x)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn halves(bytes: &[u8; 32]) -> Floats {
    _mm512_cvtph_ps(cast(*bytes))
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn mul(x: Floats, y: Floats) -> Floats {
    _mm512_mul_ps(x, y)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn add(x: Floats, y: Floats) -> Floats {
    _mm512_add_ps(x, y)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn mul_add(x: Floats, y: Floats, sum: Floats) -> Floats {
    _mm512_fmadd_ps(x, y, sum)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn store(x: Floats, out: &mut [f32; 16]) {
    *out = cast(x);
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn add_ints(x: Ints, y: Ints) -> Ints {
    _mm512_add_epi32(x, y)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn total(x: Ints) -> i32 {
    _mm512_reduce_add_epi32(x)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn most_of(most: Ints, x: Floats) -> Ints {
    _mm512_max_epi32(most, _mm512_and_si512(_mm512_castps_si512(x), splat(i32::MAX)))
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn largest(x: Ints) -> i32 {
    _mm512_reduce_max_epi32(x)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn integers(x: Floats, factor: f32) -> Ints {
    _mm512_cvtps_epi32(mul(x, splat_float(factor)))
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn low_bytes(x: Ints) -> [i32; 4] {
    cast(_mm512_cvtepi32_epi8(x))
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn store_ints(x: Ints, out: &mut [i32; 16]) {
    *out = cast(x);
}
