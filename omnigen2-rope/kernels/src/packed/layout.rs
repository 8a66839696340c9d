//! Where the numbers of a packed weight lie.

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
/// Both axes are filled up, the summed one to whole blocks and the outputs to whole groups of [`GROUP`].
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
}

impl Layout {
    /// The form in which a matrix of floating-point numbers is packed here: blocks of 32, with scales of two bytes, and
    /// at 4 bits with offsets, which lose less.
    pub const fn of(output: usize, input: usize, bits: Bits) -> Self {
        let has_offsets = matches!(bits, Bits::Four);
        Self { output, input, bits, block: Block::Of32, scales: ScaleType::F16, has_offsets }
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

    /// Groups of outputs.
    pub const fn groups(&self) -> usize {
        self.output.div_ceil(GROUP)
    }

    /// Blocks of a row.
    pub const fn blocks(&self) -> usize {
        self.input.div_ceil(self.block.count())
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
