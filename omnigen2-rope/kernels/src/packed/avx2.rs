//! AVX2: bytes are widened to words, whose products cannot overflow.

use std::arch::x86_64::*;

use super::kernel::prelude::*;
use super::ops256::*;

const SPLIT: usize = 2;
const UNROLLED: bool = false;

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn split([x, y]: Bytes) -> [Bytes; SPLIT] {
    let mask = _mm256_set1_epi16(255);
    [
        [_mm256_and_si256(x, mask), _mm256_and_si256(y, mask)],
        [_mm256_srli_epi16::<8>(x), _mm256_srli_epi16::<8>(y)],
    ]
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn dot(sum: Ints, weights: Bytes, packet: i32) -> Ints {
    let packet = _mm256_set1_epi32(packet);
    let [x, y] = [_mm256_madd_epi16(weights[0], packet), _mm256_madd_epi16(weights[1], packet)];
    [_mm256_add_epi32(sum[0], x), _mm256_add_epi32(sum[1], y)]
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn begin(start: i32) -> Ints {
    splat(start)
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn end(sum: Ints, _: i32) -> Ints {
    sum
}

kernels! {
    #[target_feature(enable = "avx2,fma,f16c")]
    rows: 1 2 4 6; few: 1 by 4 2 by 4 4 by 2
}
