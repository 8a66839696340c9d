//! For every processor.

use super::kernel::prelude::*;
use super::plain::*;

const SPLIT: usize = 2;
const UNROLLED: bool = false;

#[inline(always)]
fn split(bytes: Bytes) -> [Bytes; SPLIT] {
    let mut out = [[0; 64]; 2];
    for at in 0..32 {
        out[0][2 * at] = bytes[2 * at];
        out[1][2 * at] = bytes[2 * at + 1];
    }
    out
}

#[inline(always)]
fn dot(mut sum: Ints, weights: Bytes, packet: i32) -> Ints {
    let (low, high) = (packet as i16, (packet >> 16) as i16);
    let words: [i16; 32] = bytemuck::cast(weights);
    for lane in 0..16 {
        sum[lane] +=
            i32::from(words[2 * lane]) * i32::from(low) + i32::from(words[2 * lane + 1]) * i32::from(high);
    }
    sum
}

#[inline(always)]
fn begin(start: i32) -> Ints {
    splat(start)
}

#[inline(always)]
fn end(sum: Ints, _: i32) -> Ints {
    sum
}

kernels! {
    rows: 1 2 4; few: 1 by 4 2 by 4 4 by 2
}
