use burn::prelude::*;
use pulp::{Simd, WithSimd};

use super::exp::exp;
use super::heads::{Heads, Rows, blocks_of_heads};
use super::mask::{Mask, MaskRows};
use super::panels::{Panels, Size};
use super::registers::{PARALLEL, Registers};
use super::tensors;
use super::tile::{ROWS, WIDE, tile};
use crate::AttentionMask;

/// Queries of one task, whole tiles of them.
const QUERIES: usize = 96;

/// Scaled dot-product attention in blocks of queries and keys (arXiv 2205.14135), the shared keys and values put
/// in panels once. A query that sees no key gets zeros. `None` where there is no kernel.
///
/// # Shapes
/// - queries: `[batch, heads, queries, head_dim]`
/// - keys, values: `[batch, kv_heads, keys, head_dim]`
/// - output: `[batch, heads, queries, head_dim]`, in memory `[batch, queries, heads, head_dim]`
pub fn attend(
    queries: &Tensor<4>,
    keys: &Tensor<4>,
    values: &Tensor<4>,
    mask: &AttentionMask,
) -> Option<Tensor<4>> {
    let [batch, heads, count, head_dim] = queries.dims();
    let [_, kv_heads, seq, _] = keys.dims();
    if queries.dims().contains(&0) || seq == 0 {
        return None;
    }
    let registers = Registers::find()?;
    let (q, k, v) = (tensors::read_f32(queries)?, tensors::read(keys)?, tensors::read(values)?);
    let (q, k, v) = (Heads::of(&q)?, Heads::of(&k)?, Heads::of(&v)?);
    let mask = Mask::of(mask)?;
    let is_large = batch * heads * count * seq * head_dim >= PARALLEL;
    let panels = Panels::new(registers, [&k, &v], [batch, kv_heads], Size { seq, head_dim, is_large });
    let mut out = vec![0.0; batch * heads * count * head_dim];
    let blocks = blocks_of_heads(&mut out, [count, heads, head_dim], QUERIES);
    let per_head = count.div_ceil(QUERIES);
    let tasks = blocks.into_iter().enumerate().map(|(at, out)| {
        let (head, from) = (at / per_head, at % per_head * QUERIES);
        let (image, head) = (head / heads, head % heads);
        let mask = mask.rows(image, from, [count, seq]);
        let shared = image * kv_heads + head * kv_heads / heads;
        Block { queries: q.rows(image, head, from), panels: &panels, shared, mask, out }
    });
    registers.run_all(tasks.collect(), is_large);
    Some(tensors::tensor(out, [batch, count, heads, head_dim]).swap_dims(1, 2))
}

/// Some queries of one head.
struct Block<'a> {
    queries: Rows<'a>,
    panels: &'a Panels,
    /// The head of keys and values.
    shared: usize,
    mask: MaskRows<'a>,
    /// Of each query.
    out: Vec<&'a mut [f32]>,
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Panels { keys, head_dim, width, .. } = *self.panels;
        let count = self.out.len();
        let padded = count.next_multiple_of(ROWS);
        let queries = self.scaled(padded);
        let mut scores = vec![0.0; padded * keys];
        let mut mixed = vec![0.0; padded * width];
        let mut softmax = vec![OnlineSoftmax { highest: f32::NEG_INFINITY, sum: 0.0 }; padded];
        for (block, [key_panel, value_panel]) in self.panels.blocks(self.shared).enumerate() {
            let from = block * keys;
            if self.mask.hides_all_from(from, count) {
                break;
            }
            multiply::<S, false>(simd, [&queries, key_panel], &mut scores, [head_dim, keys]);
            for (r, softmax) in softmax.iter_mut().enumerate().take(count) {
                let row = &mut scores[r * keys..(r + 1) * keys];
                self.mask.hide(row, r, from);
                let share = softmax.weigh(simd, row);
                scale(simd, &mut mixed[r * width..(r + 1) * width], share);
            }
            multiply::<S, true>(simd, [&scores, value_panel], &mut mixed, [keys, width]);
        }
        for ((out, mixed), softmax) in self.out.into_iter().zip(mixed.chunks_exact(width)).zip(softmax) {
            if softmax.sum != 0.0 {
                out.iter_mut().zip(mixed).for_each(|(out, x)| *out = x / softmax.sum);
            }
        }
    }
}

impl Block<'_> {
    /// The queries times `1/√head_dim`, in whole tiles.
    #[inline(always)]
    fn scaled(&self, padded: usize) -> Vec<f32> {
        let head_dim = self.panels.head_dim;
        let scale = (head_dim as f32).powf(-0.5);
        let mut queries = vec![0.0; padded * head_dim];
        for (r, row) in queries.chunks_exact_mut(head_dim).take(self.out.len()).enumerate() {
            let query = self.queries.get(r, head_dim);
            row.iter_mut().zip(query).for_each(|(q, x)| *q = x * scale);
        }
        queries
    }
}

/// The softmax of a query as far as its keys were seen.
#[derive(Clone, Copy)]
struct OnlineSoftmax {
    highest: f32,
    sum: f32,
}

impl OnlineSoftmax {
    /// Turns a row of scores into weights below the highest score so far; gives what earlier ones are worth now.
    #[inline(always)]
    fn weigh<S: Simd>(&mut self, simd: S, row: &mut [f32]) -> f32 {
        let (row, _) = S::as_mut_simd_f32s(row);
        let mut most = simd.splat_f32s(self.highest);
        for x in row.iter() {
            most = simd.max_f32s(most, *x);
        }
        // A query that has seen nothing yet keeps a finite measure, so that nothing becomes NaN.
        let most = simd.reduce_max_f32s(most).max(f32::MIN);
        let share = (self.highest - most).exp();
        self.highest = most;
        let (most, mut total) = (simd.splat_f32s(most), simd.splat_f32s(0.0));
        for x in row.iter_mut() {
            *x = exp(simd, simd.sub_f32s(*x, most));
            total = simd.add_f32s(total, *x);
        }
        self.sum = self.sum * share + simd.reduce_sum_f32s(total);
        share
    }
}

#[inline(always)]
fn scale<S: Simd>(simd: S, row: &mut [f32], share: f32) {
    if share != 1.0 {
        let share = simd.splat_f32s(share);
        for x in S::as_mut_simd_f32s(row).0 {
            *x = simd.mul_f32s(*x, share);
        }
    }
}

/// Products of rows with panels; added to those in `out` or put there.
#[inline(always)]
fn multiply<S: Simd, const ADD: bool>(
    simd: S,
    [rows, panels]: [&[f32]; 2],
    out: &mut [f32],
    [depth, width]: [usize; 2],
) {
    let wide = WIDE * S::F32_LANES;
    for (six, out) in rows.chunks_exact(ROWS * depth).zip(out.chunks_exact_mut(ROWS * width)) {
        let mut xs: [&[f32]; ROWS] = [&[]; ROWS];
        for (x, row) in xs.iter_mut().zip(six.chunks_exact(depth)) {
            *x = row;
        }
        for (p, panel) in panels.chunks_exact(depth * wide).enumerate() {
            let sums = tile(simd, xs, S::as_simd_f32s(panel).0);
            for (r, sums) in sums.into_iter().enumerate() {
                let (out, _) = S::as_mut_simd_f32s(&mut out[r * width + p * wide..][..wide]);
                for (out, sum) in out.iter_mut().zip(sums) {
                    *out = if ADD { simd.add_f32s(*out, sum) } else { sum };
                }
            }
        }
    }
}
