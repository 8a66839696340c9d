//! Activations that are quantised a row and block at a time, in the order in which kernels read them.

use super::layout::Layout;

/// Blocks with nothing larger count as zeros, so that the reciprocal of every scale is finite.
const LEAST: f32 = 1e-36;

/// Rows that are multiplied at a time, quantised.
///
/// What stands for a number is `scale · i`, with `scale` the largest magnitude of the block over 127.
#[derive(Debug)]
pub(super) struct Tile {
    /// Rows that lie together; those beyond the last of all are zeros.
    pub(super) width: usize,
    /// Real rows.
    pub(super) rows: usize,
    /// Numbers of the summed axis, as many as a lane of 32 bits takes: `[blocks, packets, width]`.
    pub(super) packets: Vec<i32>,
    /// The numbers that sums of a block start from: `[blocks, width]`.
    pub(super) starts: Vec<i32>,
    /// `[blocks, width]`.
    pub(super) scales: Vec<f32>,
    /// The sum of what stands for the numbers of a block: `[blocks, width]`.
    pub(super) sums: Vec<f32>,
}

/// The order in which a kernel wants its activations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    /// Numbers of a packet: 4, or 2 which are the even and the odd ones of four.
    pub(super) packet: usize,
    /// The number that the kernel itself takes off weights.
    pub(super) bias: i32,
    /// The form of the weight.
    pub(super) layout: Layout,
}

/// A tile to be filled with rows.
#[derive(Debug)]
pub(super) struct Quantise<'a> {
    pub(super) tile: &'a mut Tile,
    pub(super) rows: Rows<'a>,
    pub(super) order: Order,
}

/// Rows of activations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    pub(super) x: &'a [f32],
    /// Numbers of a row.
    pub(super) input: usize,
    /// The place in its first block at which each row begins, behind zeros.
    pub(super) begin: usize,
}

impl Tile {
    /// A tile of zeros for `rows` rows.
    pub(super) fn new(width: usize, rows: usize, order: &Order) -> Self {
        let (blocks, block) = (order.layout.blocks(), order.layout.block.count());
        Self {
            width,
            rows,
            packets: vec![0; blocks * block / order.packet * width],
            starts: vec![0; blocks * width],
            scales: vec![0.0; blocks * width],
            sums: vec![0.0; blocks * width],
        }
    }
}

/// The scale and its reciprocal for the bits of the largest magnitude; not a number and zero if that is none.
#[inline(always)]
pub(super) fn scale_of(most: i32) -> (f32, f32) {
    let most = f32::from_bits(most as u32);
    if most <= LEAST {
        (0.0, 0.0)
    } else if most.is_finite() {
        (most * (1.0 / 127.0), 127.0 / most)
    } else {
        (f32::NAN, 0.0)
    }
}

/// The integers that a kernel computes with instead of a row of activations.
#[cfg(test)]
pub(super) fn rounded(row: &[f32], block: super::Block) -> Vec<f32> {
    let mut out = Vec::with_capacity(row.len());
    for part in row.chunks(block.count()) {
        let most = part.iter().map(|x| x.abs().to_bits() as i32).max().unwrap_or(0);
        let (scale, inverse) = scale_of(most);
        out.extend(part.iter().map(|x| scale * (x * inverse).round_ties_even()));
    }
    out
}
