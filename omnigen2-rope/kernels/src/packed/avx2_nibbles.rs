//! AVX2 for weights of 4 bits: the sums of a block fit words, which are half the additions.

use std::arch::x86_64::*;

use super::kernel::prelude::*;
use super::ops256::*;

const SPLIT: usize = 1;
const UNROLLED: bool = false;

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn split(bytes: Bytes) -> [Bytes; SPLIT] {
    [bytes]
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn begin(_: i32) -> Ints {
    splat(0)
}

// No more than 32 products of 15 and 127, half of them a word: 30480.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn dot(sum: Ints, weights: Bytes, packet: i32) -> Ints {
    let packet = _mm256_set1_epi32(packet);
    let [x, y] = [_mm256_maddubs_epi16(weights[0], packet), _mm256_maddubs_epi16(weights[1], packet)];
    [_mm256_add_epi16(sum[0], x), _mm256_add_epi16(sum[1], y)]
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn end(sum: Ints, start: i32) -> Ints {
    let ones = _mm256_set1_epi16(1);
    add_ints(splat(start), [_mm256_madd_epi16(sum[0], ones), _mm256_madd_epi16(sum[1], ones)])
}

kernels! {
    #[target_feature(enable = "avx2,fma,f16c")]
    rows: 1 2 4 6; few: 1 by 4 2 by 4 4 by 2
}
