//! What all kernels with vectors of 256 bits share: two of them hold sixteen numbers.

use std::arch::x86_64::*;

use bytemuck::cast;

pub(super) type Bytes = [__m256i; 2];
pub(super) type Ints = [__m256i; 2];
pub(super) type Floats = [__m256; 2];

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn load(bytes: &[u8; 64]) -> Bytes {
    cast(*bytes)
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn store_bytes(bytes: Bytes, out: &mut [u8; 64]) {
    *out = cast(bytes);
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn nibbles([x, y]: Bytes) -> [Bytes; 2] {
    let mask = _mm256_set1_epi8(15);
    let high = [_mm256_srli_epi16::<4>(x), _mm256_srli_epi16::<4>(y)];
    [
        [_mm256_and_si256(x, mask), _mm256_and_si256(y, mask)],
        [_mm256_and_si256(high[0], mask), _mm256_and_si256(high[1], mask)],
    ]
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn splat(x: i32) -> Ints {
    [_mm256_set1_epi32(x); 2]
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn to_floats([x, y]: Ints) -> Floats {
    [_mm256_cvtepi32_ps(x), _mm256_cvtepi32_ps(y)]
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn splat_float(x: f32) -> Floats {
    [_mm256_set1_ps(x); 2]
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn floats(x: &[f32; 16]) -> Floats {
    cast(*x)
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn halves(bytes: &[u8; 32]) -> Floats {
    let [x, y] = cast(*bytes);
    [_mm256_cvtph_ps(x), _mm256_cvtph_ps(y)]
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn mul(x: Floats, y: Floats) -> Floats {
    [_mm256_mul_ps(x[0], y[0]), _mm256_mul_ps(x[1], y[1])]
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn add(x: Floats, y: Floats) -> Floats {
    [_mm256_add_ps(x[0], y[0]), _mm256_add_ps(x[1], y[1])]
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn mul_add(x: Floats, y: Floats, sum: Floats) -> Floats {
    [_mm256_fmadd_ps(x[0], y[0], sum[0]), _mm256_fmadd_ps(x[1], y[1], sum[1])]
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn store(x: Floats, out: &mut [f32; 16]) {
    *out = cast(x);
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn add_ints(x: Ints, y: Ints) -> Ints {
    [_mm256_add_epi32(x[0], y[0]), _mm256_add_epi32(x[1], y[1])]
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn total([x, y]: Ints) -> i32 {
    let sum = _mm256_add_epi32(x, y);
    let sum = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum));
    let sum = _mm_add_epi32(sum, _mm_shuffle_epi32::<0b1110>(sum));
    _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32::<1>(sum)))
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn most_of(most: Ints, x: Floats) -> Ints {
    let mask = _mm256_set1_epi32(i32::MAX);
    [
        _mm256_max_epi32(most[0], _mm256_and_si256(_mm256_castps_si256(x[0]), mask)),
        _mm256_max_epi32(most[1], _mm256_and_si256(_mm256_castps_si256(x[1]), mask)),
    ]
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn largest([x, y]: Ints) -> i32 {
    let most = _mm256_max_epi32(x, y);
    let most = _mm_max_epi32(_mm256_castsi256_si128(most), _mm256_extracti128_si256::<1>(most));
    let most = _mm_max_epi32(most, _mm_shuffle_epi32::<0b1110>(most));
    _mm_cvtsi128_si32(_mm_max_epi32(most, _mm_shuffle_epi32::<1>(most)))
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn integers(x: Floats, factor: f32) -> Ints {
    let [x, y] = mul(x, splat_float(factor));
    [_mm256_cvtps_epi32(x), _mm256_cvtps_epi32(y)]
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn low_bytes([x, y]: Ints) -> [i32; 4] {
    let words = _mm256_packs_epi32(x, y);
    let bytes = _mm256_packs_epi16(words, words);
    let [a, b, _, _, c, d, _, _]: [i32; 8] = cast(bytes);
    [a, c, b, d]
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
pub(super) fn store_ints(x: Ints, out: &mut [i32; 16]) {
    *out = cast(x);
}
