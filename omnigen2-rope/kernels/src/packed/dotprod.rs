//! NEON with products of four bytes at a time, which are both signed: weights are made so.

use std::arch::aarch64::*;
use std::arch::asm;

use bytemuck::cast;

use super::kernel::prelude::*;
use super::plain::*;

const SPLIT: usize = 1;
const UNROLLED: bool = true;

#[inline(always)]
fn split(bytes: Bytes) -> [Bytes; SPLIT] {
    [bytes]
}

#[inline(always)]
fn begin(start: i32) -> Ints {
    splat(start)
}

#[target_feature(enable = "neon,dotprod")]
#[inline]
fn dot(sum: Ints, weights: Bytes, packet: i32) -> Ints {
    let (mut sums, weights, packet) =
        (cast::<_, [int32x4_t; 4]>(sum), cast::<_, [uint8x16_t; 4]>(weights), vdupq_n_s32(packet));
    let sign = vdupq_n_u8(128);
    for v in 0..4 {
        sums[v] = sdot(sums[v], veorq_u8(weights[v], sign), packet);
    }
    cast(sums)
}

// The intrinsic is not stable yet.
#[target_feature(enable = "neon,dotprod")]
#[inline]
fn sdot(mut sum: int32x4_t, weights: uint8x16_t, packet: int32x4_t) -> int32x4_t {
    #[allow(unsafe_code, reason = "an instruction between registers, which the function is compiled for")]
    unsafe {
        asm!(
            "sdot {sum:v}.4s, {weights:v}.16b, {packet:v}.16b",
            sum = inout(vreg) sum,
            weights = in(vreg) weights,
            packet = in(vreg) packet,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}

#[inline(always)]
fn end(sum: Ints, _: i32) -> Ints {
    sum
}

kernels! {
    #[target_feature(enable = "neon,dotprod")]
    rows: 1 2 4; few: 1 by 4 2 by 4 4 by 2
}
