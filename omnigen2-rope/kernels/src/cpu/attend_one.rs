//! One query per head over a cache of keys and values, read where they lie.

use burn::prelude::*;
use pulp::{Simd, WithSimd};

use super::dot::dots;
use super::exp::exp;
use super::heads::{Heads, Rows};
use super::mask::{Mask, MaskRows};
use super::registers::{PARALLEL, Registers};
use super::tensors::{self, Contiguous};
use crate::AttentionMask;

/// Keys of a block, whose values all heads find in the first caches.
const KEYS: usize = 64;
/// Keys whose scores are summed together.
const TOGETHER: usize = 4;

/// Attention of one query per head; `None` where there is no kernel.
///
/// # Shapes
/// - queries and output: `[batch, heads, 1, head_dim]`
/// - keys, values: `[batch, kv_heads, keys, head_dim]`
pub fn attend_one(
    queries: &Tensor<4>,
    keys: &Tensor<4>,
    values: &Tensor<4>,
    mask: &AttentionMask,
) -> Option<Tensor<4>> {
    let [batch, heads, one, head_dim] = queries.dims();
    let [_, kv_heads, seq, _] = keys.dims();
    if queries.dims().contains(&0) || seq == 0 {
        return None;
    }
    let registers = Registers::find()?;
    let (q, k, v) = (Contiguous::of(queries)?, tensors::read(keys)?, tensors::read(values)?);
    let (q, k, v) = (q.slice(), Heads::of(&k)?, Heads::of(&v)?);
    let mask = Mask::of(mask)?;
    let group = heads / kv_heads * head_dim;
    let mut out = vec![0.0; q.len()];
    let tasks = out.chunks_mut(group).zip(q.chunks(group)).enumerate().map(|(at, (out, queries))| {
        let (image, head) = (at / kv_heads, at % kv_heads);
        let (keys, values) = (k.rows(image, head, 0), v.rows(image, head, 0));
        let mask = mask.rows(image, 0, [one, seq]);
        Group { queries, keys, values, seq, head_dim, mask, out }
    });
    registers.run_all(tasks.collect(), heads * seq * head_dim >= PARALLEL);
    Some(tensors::tensor(out, [batch, heads, one, head_dim]))
}

/// The heads that read the same keys.
struct Group<'a> {
    /// `[heads, head_dim]`
    queries: &'a [f32],
    keys: Rows<'a>,
    values: Rows<'a>,
    seq: usize,
    head_dim: usize,
    mask: MaskRows<'a>,
    out: &'a mut [f32],
}

impl WithSimd for Group<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let width = self.seq.next_multiple_of(S::F32_LANES);
        let mut scores = vec![0.0; width * self.queries.len() / self.head_dim];
        self.score(simd, &mut scores, width);
        for row in scores.chunks_exact_mut(width) {
            self.mask.hide(row, 0, 0);
            softmax(simd, row);
        }
        self.mix(simd, &scores, width);
    }
}

impl Group<'_> {
    #[inline(always)]
    fn score<S: Simd>(&self, simd: S, scores: &mut [f32], width: usize) {
        let head_dim = self.head_dim;
        let scale = (head_dim as f32).powf(-0.5);
        let queries: Vec<f32> = self.queries.iter().map(|q| q * scale).collect();
        for at in (0..self.seq).step_by(TOGETHER) {
            let mut keys: [&[f32]; TOGETHER] = [&[]; TOGETHER];
            for (i, key) in keys.iter_mut().enumerate() {
                *key = self.keys.get((at + i).min(self.seq - 1), head_dim);
            }
            let count = TOGETHER.min(self.seq - at);
            for (pair, scores) in queries.chunks(2 * head_dim).zip(scores.chunks_mut(2 * width)) {
                let (first, second) = pair.split_at(head_dim);
                if second.is_empty() {
                    put(dots(simd, [first], keys), scores, [at, count, width]);
                } else {
                    put(dots(simd, [first, second], keys), scores, [at, count, width]);
                }
            }
        }
    }

    #[inline(always)]
    fn mix<S: Simd>(&mut self, simd: S, weights: &[f32], width: usize) {
        for from in (0..self.seq).step_by(KEYS) {
            let to = self.seq.min(from + KEYS);
            let values = self.values.from(from);
            let heads = self.out.chunks_mut(self.head_dim).zip(weights.chunks_exact(width));
            for (out, weights) in heads {
                mix_block(simd, values, &weights[from..to], out);
            }
        }
    }
}

#[inline(always)]
fn put<const ROWS: usize>(sums: [[f32; TOGETHER]; ROWS], scores: &mut [f32], [at, count, width]: [usize; 3]) {
    for (sums, scores) in sums.iter().zip(scores.chunks_mut(width)) {
        scores[at..at + count].copy_from_slice(&sums[..count]);
    }
}

/// Of whole vectors; zeros where nothing is seen.
#[inline(always)]
fn softmax<S: Simd>(simd: S, row: &mut [f32]) {
    let (row, _) = S::as_mut_simd_f32s(row);
    let mut highest = simd.splat_f32s(f32::MIN);
    for x in row.iter() {
        highest = simd.max_f32s(highest, *x);
    }
    let highest = simd.splat_f32s(simd.reduce_max_f32s(highest));
    let mut sum = simd.splat_f32s(0.0);
    for x in row.iter_mut() {
        *x = exp(simd, simd.sub_f32s(*x, highest));
        sum = simd.add_f32s(sum, *x);
    }
    let sum = simd.reduce_sum_f32s(sum);
    let share = simd.splat_f32s(if sum == 0.0 { 0.0 } else { sum.recip() });
    for x in row {
        *x = simd.mul_f32s(*x, share);
    }
}

/// Adds the weighted values of a block.
#[inline(always)]
fn mix_block<S: Simd>(simd: S, values: Rows<'_>, weights: &[f32], out: &mut [f32]) {
    let lanes = S::F32_LANES;
    let mut at = 0;
    while at + 4 * lanes <= out.len() {
        mix_channels::<S, 4>(simd, values, weights, Channels { from: at, out: &mut out[at..at + 4 * lanes] });
        at += 4 * lanes;
    }
    while at + lanes <= out.len() {
        mix_channels::<S, 1>(simd, values, weights, Channels { from: at, out: &mut out[at..at + lanes] });
        at += lanes;
    }
    for (c, out) in out.iter_mut().enumerate().skip(at) {
        for (j, weight) in weights.iter().enumerate() {
            *out += weight * values.numbers[j * values.step + c];
        }
    }
}

/// Some channels of a head, whole vectors of them.
struct Channels<'a> {
    from: usize,
    out: &'a mut [f32],
}

/// Two sums in turn hide the latency of an addition.
#[inline(always)]
fn mix_channels<S: Simd, const WIDE: usize>(
    simd: S,
    values: Rows<'_>,
    weights: &[f32],
    channels: Channels<'_>,
) {
    let mut sums = [[simd.splat_f32s(0.0); WIDE]; 2];
    let (pairs, last) = weights.as_chunks::<2>();
    for (j, pair) in pairs.iter().enumerate() {
        for i in 0..2 {
            sums[i] = add(simd, pair[i], sums[i], values.channels(2 * j + i, channels.from));
        }
    }
    for weight in last {
        sums[0] = add(simd, *weight, sums[0], values.channels(weights.len() - 1, channels.from));
    }
    let [even, odd] = sums;
    let (out, _) = S::as_mut_simd_f32s(channels.out);
    for c in 0..WIDE {
        out[c] = simd.add_f32s(out[c], simd.add_f32s(even[c], odd[c]));
    }
}

#[inline(always)]
fn add<S: Simd, const WIDE: usize>(
    simd: S,
    weight: f32,
    mut sums: [S::f32s; WIDE],
    values: &[f32],
) -> [S::f32s; WIDE] {
    let (values, _) = S::as_simd_f32s(&values[..WIDE * S::F32_LANES]);
    let weight = simd.splat_f32s(weight);
    for c in 0..WIDE {
        sums[c] = simd.mul_add_e_f32s(weight, values[c], sums[c]);
    }
    sums
}
