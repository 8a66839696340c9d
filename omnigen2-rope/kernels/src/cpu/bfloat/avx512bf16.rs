//! AVX-512 with products of pairs of BF16.

use std::arch::x86_64::*;

use burn::tensor::bf16;
use bytemuck::cast;

use super::transpose::transpose;
use super::{Fill, GROUP, Multiply, ROWS, RUN, Work};

/// Pairs of the summed axis that are multiplied before the next outputs: those of a tile stay in the first cache.
const DEPTH: usize = 256;

/// Does any work to its end.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) fn run(work: Work<'_>) {
    match work {
        Work::Fill(task) => fill(task),
        Work::Multiply(task) => multiply(task),
    }
}

/// Rounds rows, and puts them side by side.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn fill(task: Fill<'_>) {
    for (run, out) in task.tile.pairs.chunks_exact_mut(RUN * ROWS).enumerate() {
        for (r, row) in task.x.chunks_exact(task.input).enumerate() {
            let row = &row[2 * RUN * run..];
            let pairs = match row.first_chunk::<{ 2 * RUN }>() {
                Some(numbers) => round(numbers),
                None => {
                    let mut filled = [0.0; 2 * RUN];
                    filled[..row.len()].copy_from_slice(row);
                    round(&filled)
                }
            };
            for p in 0..RUN {
                out[p * ROWS + r] = pairs[p];
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
#[inline]
fn round(numbers: &[f32; 2 * RUN]) -> [u32; RUN] {
    let [low, high]: [__m512; 2] = cast(*numbers);
    cast(_mm512_cvtne2ps_pbh(high, low))
}

#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn multiply(mut task: Multiply<'_>) {
    let (input, pairs) = (task.input, task.input.div_ceil(2 * RUN) * RUN);
    let groups = task.weight.chunks(GROUP * input).len();
    let mut panels = vec![[_mm512_setzero_si512(); DEPTH]; groups];
    for from in (0..pairs).step_by(DEPTH) {
        let depth = DEPTH.min(pairs - from);
        for (panel, rows) in panels.iter_mut().zip(task.weight.chunks(GROUP * input)) {
            pack(rows, input, from, &mut panel[..depth]);
        }
        let mut out = &mut task.out[..];
        for tile in task.tiles {
            let (rows, rest) = out.split_at_mut(tile.rows);
            let near = tile.pairs[from * ROWS..][..depth * ROWS].as_chunks::<ROWS>().0;
            for (group, panel) in panels.iter().enumerate() {
                match tile.rows {
                    0..=4 => put(tile_of::<4>(near, &panel[..depth]), rows, group * GROUP, from),
                    5..=8 => put(tile_of::<8>(near, &panel[..depth]), rows, group * GROUP, from),
                    _ => put(tile_of::<12>(near, &panel[..depth]), rows, group * GROUP, from),
                }
            }
            out = rest;
        }
    }
}

/// Turns the rows of a group from a pair on: a vector has a pair of each.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn pack(weight: &[bf16], input: usize, from: usize, panel: &mut [__m512i]) {
    for (run, out) in panel.chunks_exact_mut(RUN).enumerate() {
        let mut square = [_mm512_setzero_si512(); GROUP];
        let start = 2 * (from + run * RUN);
        for (lane, row) in weight.chunks_exact(input).enumerate() {
            square[lane] = match row[start..].first_chunk::<{ 2 * RUN }>() {
                Some(numbers) => cast(*numbers),
                None => {
                    let mut filled = [bf16::ZERO; 2 * RUN];
                    filled[..input - start].copy_from_slice(&row[start..]);
                    cast(filled)
                }
            };
        }
        out.copy_from_slice(&transpose(square));
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn tile_of<const COUNT: usize>(near: &[[u32; ROWS]], panel: &[__m512i]) -> [__m512; COUNT] {
    let mut sums = [_mm512_setzero_ps(); COUNT];
    for (x, &w) in near.iter().zip(panel) {
        for r in 0..COUNT {
            sums[r] = _mm512_dpbf16_ps(sums[r], cast(w), cast(_mm512_set1_epi32(x[r] as i32)));
        }
    }
    sums
}

/// Puts products into sixteen outputs, or adds them to those of the pairs before.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn put<const COUNT: usize>(sums: [__m512; COUNT], out: &mut [&mut [f32]], at: usize, from: usize) {
    for (sums, out) in sums.into_iter().zip(out) {
        let out = &mut out[at..];
        let count = out.len().min(GROUP);
        let mut before = [0.0; GROUP];
        if let (true, Some(out)) = (from > 0, out.first_chunk::<GROUP>()) {
            before = *out;
        } else if from > 0 {
            before[..count].copy_from_slice(out);
        }
        let after: [f32; GROUP] = cast(_mm512_add_ps(cast(before), sums));
        match out.first_chunk_mut::<GROUP>() {
            Some(out) => *out = after,
            None => out.copy_from_slice(&after[..count]),
        }
    }
}
