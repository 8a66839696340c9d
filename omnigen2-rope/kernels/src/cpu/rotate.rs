use burn::prelude::*;
use pulp::{Simd, WithSimd};

use super::heads::{Heads, Rows};
use super::registers::Registers;
use super::tensors::{self, Contiguous};

/// Rows of one task.
const TASK: usize = 64;
/// Below so many numbers one thread is faster.
const LARGE: usize = 1 << 16;

/// Turns pairs of channels, adjacent ones or those half a head apart.
///
/// # Shapes
/// - x and output: `[batch, heads, seq, head_dim]`; the output lies in memory as `[batch, seq, heads, head_dim]`
/// - cos, sin: `[sequences, seq, head_dim / 2]`, of `batch` sequences or one
pub fn rotate<const ADJACENT: bool>(x: &Tensor<4>, cos: &Tensor<3>, sin: &Tensor<3>) -> Option<Tensor<4>> {
    let dims = x.dims();
    if dims.contains(&0) {
        return None;
    }
    let registers = Registers::find()?;
    let (x, table) = (tensors::read_f32(x)?, Table { cos: Contiguous::of(cos)?, sin: Contiguous::of(sin)? });
    Some(turn::<ADJACENT>(registers, &Heads::of(&x)?, &table, dims))
}

/// The cosines and sines of a rotation, `[sequences, seq, head_dim / 2]`.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) cos: Contiguous,
    pub(crate) sin: Contiguous,
}

/// [`rotate`], of what was read.
pub(crate) fn turn<const ADJACENT: bool>(
    registers: Registers,
    x: &Heads<'_>,
    table: &Table,
    [batch, heads, seq, head_dim]: [usize; 4],
) -> Tensor<4> {
    let (cos, sin) = (table.cos.slice(), table.sin.slice());
    let mut out = vec![0.0; batch * heads * seq * head_dim];
    let half = head_dim / 2;
    let sequences = (cos.len() / (seq * half).max(1)).max(1);
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
    registers.run_all(tasks.collect(), is_large);
    tensors::tensor(out, [batch, seq, heads, head_dim]).swap_dims(1, 2)
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
                if ADJACENT {
                    turn_adjacent(x, [cos, sin], out);
                } else {
                    turn_halves(x, [cos, sin], out);
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
