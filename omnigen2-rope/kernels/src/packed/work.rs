//! What kernels are asked for.

use std::ops::Range;

use super::activations::{Quantise, Tile};
use super::kernel::FEW;
#[cfg(target_arch = "x86_64")]
use super::layout::Bits;
use super::weight::PackedWeight;

/// A task that a kernel can be asked for.
#[derive(Debug)]
pub(super) enum Work<'a> {
    Quantise(Quantise<'a>),
    Multiply(Multiply<'a>),
}

#[cfg(target_arch = "x86_64")]
impl Work<'_> {
    /// The bits of the weight.
    pub(super) fn bits(&self) -> Bits {
        match self {
            Self::Quantise(task) => task.order.layout.bits,
            Self::Multiply(task) => task.weight.layout().bits,
        }
    }
}

/// Products of some rows with some groups of outputs.
#[derive(Debug)]
pub(super) struct Multiply<'a> {
    pub(super) weight: PackedWeight<'a>,
    pub(super) groups: Range<usize>,
    pub(super) tiles: &'a [Tile],
    /// The outputs of every row.
    pub(super) out: Vec<&'a mut [f32]>,
}

impl Multiply<'_> {
    /// True if weights are to be read once, as they lie.
    #[inline(always)]
    pub(super) fn is_few(&self) -> bool {
        self.tiles.len() == 1 && self.tiles[0].width <= FEW
    }
}

/// The activations that a group's part of the summed axis is multiplied with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) packets: &'a [i32],
    pub(super) starts: &'a [i32],
    pub(super) scales: &'a [f32],
    pub(super) sums: &'a [f32],
}

impl Tile {
    /// Some blocks of every row.
    #[inline(always)]
    pub(super) fn part(&self, blocks: &Range<usize>) -> Part<'_> {
        let [from, to] = [blocks.start * self.width, blocks.end * self.width];
        let packets = self.packets.len() / self.starts.len();
        Part {
            packets: &self.packets[from * packets..to * packets],
            starts: &self.starts[from..to],
            scales: &self.scales[from..to],
            sums: &self.sums[from..to],
        }
    }
}

/// A group's part of the summed axis, unpacked.
#[derive(Clone, Debug, Default)]
pub(super) struct Panel {
    /// True if the weight's own vectors are multiplied as they lie, and `values` is empty.
    pub(super) is_stored: bool,
    pub(super) values: Vec<[u8; 64]>,
    pub(super) scales: Vec<[f32; 16]>,
    pub(super) offsets: Vec<[f32; 16]>,
}
