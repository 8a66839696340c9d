//! AVX-512 for weights of 4 bits: the sums of a block fit words, which are half the additions.

use std::arch::x86_64::*;

use super::kernel::prelude::*;
use super::ops512::*;

const SPLIT: usize = 1;
const UNROLLED: bool = false;

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn split(bytes: Bytes) -> [Bytes; SPLIT] {
    [bytes]
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn begin(_: i32) -> Ints {
    splat(0)
}

// No more than 32 products of 15 and 127, half of them a word: 30480.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn dot(sum: Ints, weights: Bytes, packet: i32) -> Ints {
    _mm512_add_epi16(sum, _mm512_maddubs_epi16(weights, splat(packet)))
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn end(sum: Ints, start: i32) -> Ints {
    add_ints(splat(start), _mm512_madd_epi16(sum, _mm512_set1_epi16(1)))
}

kernels! {
    #[target_feature(enable = "avx512f,avx512bw")]
    rows: 1 2 4 8 12; few: 1 by 4 2 by 4 4 by 4
}
