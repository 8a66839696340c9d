use std::fmt;

use crate::blocks::{Format, iq4, k, legacy, plain};

/// The type of a tensor's numbers: plain ones, or blocks of integers that share a scale.
///
/// The blocks of `Q8_0`, `Q4_0`, `Q4_1`, `Q5_0`, `Q5_1` and `IQ4_NL` are 32 numbers with a scale; those of the others are
/// 256, in runs of 16 (`Q2_K`, `Q3_K`, `Q6_K`) or 32 (`Q4_K`, `Q5_K`, `IQ4_XS`) with a scale each.
///
/// Source: `GGMLQuantizationType` and `GGML_QUANT_SIZES` of the Python package `gguf`, and `gguf.quants` for the blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BlockType {
    /// Single precision.
    F32,
    /// Half precision.
    F16,
    /// The upper half of single precision.
    Bf16,
    /// 8 bits and a scale.
    Q8_0,
    /// 4 bits and a scale.
    Q4_0,
    /// 4 bits, a scale and an offset.
    Q4_1,
    /// 5 bits and a scale.
    Q5_0,
    /// 5 bits, a scale and an offset.
    Q5_1,
    /// 2 bits, with scales and offsets of 4.
    Q2K,
    /// 3 bits, with scales of 6.
    Q3K,
    /// 4 bits, with scales and offsets of 6.
    Q4K,
    /// 5 bits, with scales and offsets of 6.
    Q5K,
    /// 6 bits, with scales of 8.
    Q6K,
    /// 4 bits that choose one of 16 integers, and a scale.
    Iq4Nl,
    /// 4 bits that choose one of 16 integers, with scales of 6.
    Iq4Xs,
}

/// A type of tensors that this crate does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is of type {id} ({}), which is not read; convert the model to F16, Q8_0, Q6_K, Q5_K, Q4_K or another type of \
     this list: F32, BF16, Q5_1, Q5_0, Q4_1, Q4_0, Q3_K, Q2_K, IQ4_NL, IQ4_XS",
    name.unwrap_or("no type that is known")
)]
pub struct UnknownType {
    /// The number that stands for it in a file.
    pub id: u32,
    /// The name, of a type that others have.
    pub name: Option<&'static str>,
}

impl BlockType {
    /// All types.
    pub const ALL: [Self; 15] = [
        Self::F32,
        Self::F16,
        Self::Bf16,
        Self::Q8_0,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q2K,
        Self::Q3K,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
        Self::Iq4Nl,
        Self::Iq4Xs,
    ];

    /// Finds the type that a number stands for in a file.
    ///
    /// # Errors
    /// If the number stands for none, or for a type that is not read.
    pub fn from_id(id: u32) -> Result<Self, UnknownType> {
        let found = Self::ALL.into_iter().find(|kind| kind.id() == id);
        found.ok_or_else(|| UnknownType { id, name: other_name(id) })
    }

    /// The number that stands for the type in a file.
    pub fn id(self) -> u32 {
        self.format().id
    }

    /// The type's name, as in `Q4_K`.
    pub fn name(self) -> &'static str {
        self.format().name
    }

    /// The numbers in a block: 1, 32 or 256.
    pub fn block_len(self) -> usize {
        self.format().numbers
    }

    /// The bytes of a block.
    pub fn block_bytes(self) -> usize {
        self.format().bytes
    }

    /// Gives the bytes of so many numbers, or nothing if they are no whole blocks or too many to count.
    ///
    /// ```
    /// use omnigen2_gguf::BlockType;
    ///
    /// assert_eq!(BlockType::Q4K.bytes_of(512), Some(288));
    /// assert_eq!(BlockType::Q4K.bytes_of(500), None);
    /// ```
    pub fn bytes_of(self, numbers: usize) -> Option<usize> {
        let is_whole = numbers.is_multiple_of(self.block_len());
        is_whole.then(|| numbers / self.block_len())?.checked_mul(self.block_bytes())
    }

    /// Computes the numbers of some blocks, each as `scale * integer` or `scale * integer + offset`, rounded after each
    /// operation.
    ///
    /// Source: `gguf.quants.dequantize`, with equal bits (of a number that is not NaN).
    ///
    /// ```
    /// use omnigen2_gguf::BlockType;
    ///
    /// let bytes: Vec<u8> = [1.0f32, -2.5].into_iter().flat_map(f32::to_le_bytes).collect();
    /// let mut numbers = [0.0; 2];
    /// BlockType::F32.dequantise(&bytes, &mut numbers);
    /// assert_eq!(numbers, [1.0, -2.5]);
    /// ```
    ///
    /// # Panics
    /// If the bytes are not those of as many numbers.
    pub fn dequantise(self, bytes: &[u8], numbers: &mut [f32]) {
        self.check(bytes, numbers.len());
        (self.format().dequantise)(bytes, numbers);
    }

    pub(crate) fn check(self, bytes: &[u8], numbers: usize) {
        let expected = self.bytes_of(numbers);
        assert!(expected == Some(bytes.len()), "{numbers} numbers of {self} in {} bytes", bytes.len());
    }

    pub(crate) fn format(self) -> &'static Format {
        match self {
            Self::F32 => &plain::F32,
            Self::F16 => &plain::F16,
            Self::Bf16 => &plain::BF16,
            Self::Q8_0 => &legacy::Q8_0,
            Self::Q4_0 => &legacy::Q4_0,
            Self::Q4_1 => &legacy::Q4_1,
            Self::Q5_0 => &legacy::Q5_0,
            Self::Q5_1 => &legacy::Q5_1,
            Self::Q2K => &k::Q2_K,
            Self::Q3K => &k::Q3_K,
            Self::Q4K => &k::Q4_K,
            Self::Q5K => &k::Q5_K,
            Self::Q6K => &k::Q6_K,
            Self::Iq4Nl => &iq4::IQ4_NL,
            Self::Iq4Xs => &iq4::IQ4_XS,
        }
    }
}

/// Types of other programs, so that an error can name them.
fn other_name(id: u32) -> Option<&'static str> {
    Some(match id {
        9 => "Q8_1",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        21 => "IQ3_S",
        22 => "IQ2_S",
        24 => "I8",
        25 => "I16",
        26 => "I32",
        27 => "I64",
        28 => "F64",
        29 => "IQ1_M",
        34 => "TQ1_0",
        35 => "TQ2_0",
        39 => "MXFP4",
        40 => "NVFP4",
        41 => "Q1_0",
        _ => return None,
    })
}

impl fmt::Display for BlockType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
