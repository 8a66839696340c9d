use burn::prelude::*;
use burn::tensor::DType;
use pulp::{Simd, WithSimd};

use super::flex::{self, Heads, Rows};
use super::simd::run;

/// Rows of one task.
const TASK: usize = 64;
/// Below so many numbers one thread is faster.
const LARGE: usize = 1 << 16;

/// Turns pairs of channels, adjacent ones or those half a head apart.
///
/// # Shapes
/// - x and output: `[batch, heads, seq, head_dim]`; the output lies in memory as `[batch, seq, heads, head_dim]`
/// - cos, sin: `[sequences, seq, head_dim / 2]`, of `batch` sequences or one
pub(crate) fn rotate<const ADJACENT: bool>(
    x: &Tensor<4>,
    cos: &Tensor<3>,
    sin: &Tensor<3>,
) -> Option<Tensor<4>> {
    let [batch, heads, seq, head_dim] = x.dims();
    let [sequences, ..] = cos.dims();
    if x.dtype() != DType::F32 || x.dims().contains(&0) {
        return None;
    }
    let (x, cos, sin) = (flex::read(x)?, flex::read(cos)?.to_contiguous(), flex::read(sin)?.to_contiguous());
    let (x, cos, sin) = (Heads::of(&x)?, cos.as_slice::<f32>()?, sin.as_slice::<f32>()?);
    let mut out = vec![0.0; batch * heads * seq * head_dim];
    let half = head_dim / 2;
    let is_large = out.len() > LARGE;
    let images = out.chunks_mut(seq * heads * head_dim).enumerate();
    let tasks = images.flat_map(|(image, out)| {
        let table = image % sequences * seq * half;
        out.chunks_mut(TASK * heads * head_dim).enumerate().map(move |(block, out)| {
            let table = table + block * TASK * half;
            let rows = (0..heads).map(|head| x.rows(image, head, block * TASK)).collect();
            Turn::<ADJACENT> { rows, cos: &cos[table..], sin: &sin[table..], half, out }
        })
    });
    run(tasks.collect(), is_large);
    Some(flex::tensor(out, [batch, seq, heads, head_dim]).swap_dims(1, 2))
}

/// Some tokens of all heads.
struct Turn<'a, const ADJACENT: bool> {
    /// Of each head.
    rows: Vec<Rows<'a>>,
    cos: &'a [f32],
    sin: &'a [f32],
    half: usize,
    /// `[tokens, heads, head_dim]`
    out: &'a mut [f32],
}

impl<const ADJACENT: bool> WithSimd for Turn<'_, ADJACENT> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (half, heads) = (self.half, self.rows.len());
        for (token, out) in self.out.chunks_exact_mut(heads * 2 * half).enumerate() {
            let cos = &self.cos[token * half..][..half];
            let sin = &self.sin[token * half..][..half];
            for (rows, out) in self.rows.iter().zip(out.chunks_exact_mut(2 * half)) {
                let x = rows.get(token, 2 * half);
                match ADJACENT {
                    true => turn_adjacent(x, [cos, sin], out),
                    false => turn_halves(x, [cos, sin], out),
                }
            }
        }
    }
}

// Plain loops: they become vectors by themselves.
#[inline(always)]
fn turn_adjacent(x: &[f32], [cos, sin]: [&[f32]; 2], out: &mut [f32]) {
    let pairs = x.as_chunks::<2>().0.iter().zip(out.as_chunks_mut::<2>().0);
    for (([re, im], out), (cos, sin)) in pairs.zip(cos.iter().zip(sin)) {
        *out = [re * cos - im * sin, re * sin + im * cos];
    }
}

#[inline(always)]
fn turn_halves(x: &[f32], [cos, sin]: [&[f32]; 2], out: &mut [f32]) {
    let half = cos.len();
    let (res, ims) = x.split_at(half);
    let (first, second) = out.split_at_mut(half);
    for i in 0..half {
        first[i] = res[i] * cos[i] - ims[i] * sin[i];
        second[i] = res[i] * sin[i] + ims[i] * cos[i];
    }
}
