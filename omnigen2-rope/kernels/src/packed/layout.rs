//! Where the numbers of a packed weight lie.

use std::ops::Range;

/// Outputs that lie together: one vector holds four numbers of the summed axis of each.
pub const GROUP: usize = 16;

/// The bits of a packed number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bits {
    /// A nibble, 0 to 15.
    Four,
    /// A byte, 0 to 255.
    Eight,
}

/// The type in which the scales and offsets of blocks rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleType {
    /// Two bytes.
    F16,
    /// Four bytes.
    F32,
}

impl ScaleType {
    /// Bytes of a scale.
    pub const fn size(self) -> usize {
        match self {
            Self::F16 => 2,
            Self::F32 => 4,
        }
    }
}

/// The numbers that a scale belongs to: so many lie one after the other on the summed axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// 16 numbers.
    Of16,
    /// 32 numbers.
    Of32,
}

impl Block {
    /// The number of numbers in a block.
    pub const fn count(self) -> usize {
        match self {
            Self::Of16 => 16,
            Self::Of32 => 32,
        }
    }
}

/// The form of a packed weight `[output, input]`: what is packed as `q` means `scale · (q − zero) + offset`.
///
/// # Memory
/// Both axes are filled up, the summed one to whole blocks and the outputs to whole groups of [`GROUP`]. Where blocks run on
/// from row to row, rows that begin at the same place of a block lie together: row `r` is that of number `r / phases` of
/// its [phase](Self::phases), `r % phases`, and its numbers stand where they stood in its blocks.
/// - values: `[groups, blocks, block / 4, 16 outputs, 4]` bytes, or two such vectors in the low and the high nibbles
///   of one: `[groups, blocks, block / 8, 16 outputs, 4]`
/// - scales, offsets: `[groups, blocks, 16 outputs]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Rows of the weight.
    pub output: usize,
    /// The summed axis.
    pub input: usize,
    /// The bits of a value.
    pub bits: Bits,
    /// The numbers that share a scale.
    pub block: Block,
    /// The type of scales and offsets.
    pub scales: ScaleType,
    /// True if every block has an offset too.
    pub has_offsets: bool,
    /// True if blocks run on from row to row: they are those of all numbers one after the other.
    pub runs_on: bool,
}

impl Layout {
    /// The form in which a matrix of floating-point numbers is packed here: blocks of 32, with scales of two bytes, and
    /// at 4 bits with offsets, which lose less.
    pub const fn of(output: usize, input: usize, bits: Bits) -> Self {
        let has_offsets = matches!(bits, Bits::Four);
        Self { output, input, bits, block: Block::Of32, scales: ScaleType::F16, has_offsets, runs_on: false }
    }

    /// The value that stands for a weight of zero where there is no offset.
    pub const fn zero(&self) -> u8 {
        match self.bits {
            Bits::Eight => 128,
            Bits::Four if self.has_offsets => 0,
            Bits::Four => 8,
        }
    }

    /// The largest packed value.
    pub const fn most(&self) -> u8 {
        match self.bits {
            Bits::Eight => 255,
            Bits::Four => 15,
        }
    }

    /// The places in a block at which rows begin.
    pub const fn phases(&self) -> usize {
        if self.runs_on { self.block.count() / common(self.input, self.block.count()) } else { 1 }
    }

    /// The place in its first block at which a row begins.
    pub const fn begin(&self, row: usize) -> usize {
        if self.runs_on { row % self.phases() * self.input % self.block.count() } else { 0 }
    }

    /// The rows of a phase.
    pub const fn rows_of(&self, phase: usize) -> usize {
        self.output.saturating_sub(phase).div_ceil(self.phases())
    }

    /// The group of a row, and its place there.
    pub const fn place(&self, row: usize) -> (usize, usize) {
        let (phase, row) = (row % self.phases(), row / self.phases());
        (phase * (self.groups() / self.phases()) + row / GROUP, row % GROUP)
    }

    /// The blocks of a row among all.
    pub(super) const fn blocks_of(&self, row: usize) -> Range<usize> {
        if self.runs_on {
            let (first, count) = (row * self.input, self.block.count());
            first / count..(first + self.input).div_ceil(count)
        } else {
            row * self.blocks()..(row + 1) * self.blocks()
        }
    }

    /// The form of the same bytes as a matrix of whole blocks and groups, in which rows are ordered by their phase.
    pub const fn filled(&self) -> Self {
        let (output, input) = (self.groups() * GROUP, self.blocks() * self.block.count());
        Self { output, input, runs_on: false, ..*self }
    }

    /// Groups of outputs.
    pub const fn groups(&self) -> usize {
        self.rows_of(0).div_ceil(GROUP) * self.phases()
    }

    /// Blocks of a row, or as many as some have where they run on.
    pub const fn blocks(&self) -> usize {
        let count = self.block.count();
        let last = if self.runs_on { count - count / self.phases() } else { 0 };
        (self.input + last).div_ceil(count)
    }

    /// Bytes of the values of a block for a whole group.
    pub const fn block_bytes(&self) -> usize {
        match self.bits {
            Bits::Eight => GROUP * self.block.count(),
            Bits::Four => GROUP * self.block.count() / 2,
        }
    }

    /// Bytes of the values of a group.
    pub const fn group_bytes(&self) -> usize {
        self.blocks() * self.block_bytes()
    }

    /// Bytes of the scales of a group.
    pub const fn group_scale_bytes(&self) -> usize {
        self.blocks() * GROUP * self.scales.size()
    }

    /// Bytes of all values.
    pub const fn value_bytes(&self) -> usize {
        self.groups() * self.group_bytes()
    }

    /// Bytes of all scales.
    pub const fn scale_bytes(&self) -> usize {
        self.groups() * self.group_scale_bytes()
    }

    /// Bytes of all offsets; none if there are none.
    pub const fn offset_bytes(&self) -> usize {
        if self.has_offsets { self.scale_bytes() } else { 0 }
    }

    /// Bytes of all values, scales and offsets together.
    pub const fn bytes(&self) -> usize {
        self.value_bytes() + self.scale_bytes() + self.offset_bytes()
    }

    /// The bytes of values, of scales and of offsets.
    pub(super) const fn lengths(&self) -> [usize; 3] {
        [self.value_bytes(), self.scale_bytes(), self.offset_bytes()]
    }

    /// The form of some rows alone.
    pub const fn rows(&self, output: usize) -> Self {
        Self { output, ..*self }
    }
}

/// The greatest common divisor.
const fn common(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common(b, a % b) }
}
