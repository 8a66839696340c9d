//! AVX-512 with products of four bytes at a time.

use std::arch::x86_64::*;

use super::kernel::prelude::*;
use super::ops512::*;

const SPLIT: usize = 1;
const UNROLLED: bool = true;

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn split(bytes: Bytes) -> [Bytes; SPLIT] {
    [bytes]
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn dot(sum: Ints, weights: Bytes, packet: i32) -> Ints {
    _mm512_dpbusd_epi32(sum, weights, splat(packet))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn begin(start: i32) -> Ints {
    splat(start)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn end(sum: Ints, _: i32) -> Ints {
    sum
}

kernels! {
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    rows: 1 2 4 8 12; few: 1 by 4 2 by 4 4 by 4
}
