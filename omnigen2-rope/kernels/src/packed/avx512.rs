//! AVX-512 without products of bytes: they are widened to words.

use std::arch::x86_64::*;

use super::kernel::prelude::*;
use super::ops512::*;

const SPLIT: usize = 2;
const UNROLLED: bool = false;

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn split(bytes: Bytes) -> [Bytes; SPLIT] {
    [_mm512_and_si512(bytes, _mm512_set1_epi16(255)), _mm512_srli_epi16::<8>(bytes)]
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn dot(sum: Ints, weights: Bytes, packet: i32) -> Ints {
    _mm512_add_epi32(sum, _mm512_madd_epi16(weights, splat(packet)))
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn begin(start: i32) -> Ints {
    splat(start)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn end(sum: Ints, _: i32) -> Ints {
    sum
}

kernels! {
    #[target_feature(enable = "avx512f,avx512bw")]
    rows: 1 2 4 8 12; few: 1 by 4 2 by 4 4 by 2
}
