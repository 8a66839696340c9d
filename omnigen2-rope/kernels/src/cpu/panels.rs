//! Keys and values as the tiles of attention read them.

use rayon::prelude::*;

use super::heads::{Heads, Rows};
use super::registers::Registers;
use super::tile::WIDE;

/// Keys of one block: with its values they stay in the second cache.
const KEYS: usize = 128;

/// The keys and values of every head in blocks of keys.
pub(super) struct Panels {
    /// Of each head and block: keys `[keys / wide, head_dim, wide]`, then values `[width / wide, keys, wide]`.
    numbers: Vec<f32>,
    /// Keys of a block.
    pub(super) keys: usize,
    pub(super) head_dim: usize,
    /// Channels of a head, filled up to whole panels.
    pub(super) width: usize,
    /// Keys of a head.
    pub(super) seq: usize,
}

/// How much there is to pack.
pub(super) struct Size {
    /// Keys of a head.
    pub(super) seq: usize,
    pub(super) head_dim: usize,
    /// Whether it is worth all threads.
    pub(super) is_large: bool,
}

impl Panels {
    pub(super) fn new(
        registers: Registers,
        [keys, values]: [&Heads<'_>; 2],
        [batch, heads]: [usize; 2],
        Size { seq, head_dim, is_large }: Size,
    ) -> Self {
        let wide = WIDE * registers.lanes();
        let width = head_dim.next_multiple_of(wide);
        let block_keys = KEYS.min(seq.next_multiple_of(wide));
        let blocks = seq.div_ceil(block_keys);
        let numbers = vec![0.0; batch * heads * blocks * block_keys * (head_dim + width)];
        let mut panels = Self { numbers, keys: block_keys, head_dim, width, seq };
        let size = panels.block_size();
        let pack = |(at, block): (usize, &mut [f32])| {
            let (head, from) = (at / blocks, at % blocks * block_keys);
            let count = block_keys.min(seq - from);
            let (key_part, value_part) = block.split_at_mut(block_keys * head_dim);
            pack_keys(keys.rows(head / heads, head % heads, from), key_part, [count, head_dim, wide]);
            let value_rows = values.rows(head / heads, head % heads, from);
            for (p, part) in value_part.chunks_exact_mut(block_keys * wide).enumerate() {
                pack_values(value_rows, part, [count, head_dim, wide], p * wide);
            }
        };
        if is_large {
            panels.numbers.par_chunks_exact_mut(size).enumerate().for_each(pack);
        } else {
            panels.numbers.chunks_exact_mut(size).enumerate().for_each(pack);
        }
        panels
    }

    /// The keys and the values of each block of a head.
    pub(super) fn blocks(&self, head: usize) -> impl Iterator<Item = [&[f32]; 2]> {
        let size = self.block_size();
        let blocks = self.seq.div_ceil(self.keys);
        let head = &self.numbers[head * blocks * size..][..blocks * size];
        head.chunks_exact(size).map(|block| block.split_at(self.keys * self.head_dim).into())
    }

    fn block_size(&self) -> usize {
        self.keys * (self.head_dim + self.width)
    }
}

fn pack_keys(keys: Rows<'_>, panel: &mut [f32], [count, head_dim, wide]: [usize; 3]) {
    for (p, part) in panel.chunks_exact_mut(head_dim * wide).enumerate() {
        for c in 0..wide.min(count.saturating_sub(p * wide)) {
            let key = keys.get(p * wide + c, head_dim);
            part.chunks_exact_mut(wide).zip(key).for_each(|(step, &x)| step[c] = x);
        }
    }
}

/// The channels from `from` on.
fn pack_values(values: Rows<'_>, panel: &mut [f32], [count, head_dim, wide]: [usize; 3], from: usize) {
    for (j, step) in panel.chunks_exact_mut(wide).take(count).enumerate() {
        let value = &values.get(j, head_dim)[from..];
        let some = wide.min(value.len());
        step[..some].copy_from_slice(&value[..some]);
    }
}
