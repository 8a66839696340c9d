//! AVX2 with products of four bytes at a time.

use std::arch::x86_64::*;

use super::kernel::prelude::*;
use super::ops256::*;

const SPLIT: usize = 1;
const UNROLLED: bool = true;

#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
#[inline]
fn split(bytes: Bytes) -> [Bytes; SPLIT] {
    [bytes]
}

#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
#[inline]
fn dot(sum: Ints, weights: Bytes, packet: i32) -> Ints {
    let packet = _mm256_set1_epi32(packet);
    [_mm256_dpbusd_avx_epi32(sum[0], weights[0], packet), _mm256_dpbusd_avx_epi32(sum[1], weights[1], packet)]
}

#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
#[inline]
fn begin(start: i32) -> Ints {
    splat(start)
}

#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
#[inline]
fn end(sum: Ints, _: i32) -> Ints {
    sum
}

kernels! {
    #[target_feature(enable = "avx2,fma,f16c,avxvnni")]
    rows: 1 2 4 6; few: 1 by 4 2 by 4 4 by 2
}
