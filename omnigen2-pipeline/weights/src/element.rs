use std::fmt;

use burn::tensor::DType;
use omnigen2_gguf::BlockType;

/// The type of a stored tensor's elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Element {
    /// 64 bits.
    F64,
    /// 32 bits.
    F32,
    /// 16 bits, of which 11 are digits.
    F16,
    /// 16 bits, the range of F32.
    Bf16,
    /// 8 bits, of which 4 are digits: E4M3 without infinities, as `float8_e4m3fn`.
    F8E4m3,
    /// 8 bits, of which 3 are digits: E5M2.
    F8E5m2,
    /// Integers in blocks with a scale each, as GGUF files have them.
    Blocks(BlockType),
    /// Something else, by the name that its format gives it, such as integers.
    Other(String),
}

impl Element {
    /// The float type that weights of this have at rest, unless another is asked for.
    pub fn float(&self) -> Option<DType> {
        match self {
            Self::F32 | Self::F8E4m3 | Self::F8E5m2 | Self::Blocks(_) => Some(DType::F32),
            Self::F16 => Some(DType::F16),
            Self::Bf16 => Some(DType::BF16),
            Self::F64 | Self::Other(_) => None,
        }
    }

    /// The type in which a device may use them where they lie.
    pub(crate) fn plain(&self) -> Option<DType> {
        match self {
            Self::F32 | Self::F16 | Self::Bf16 => self.float(),
            _ => None,
        }
    }

    /// The numbers and the bytes of a block, or of a number by itself; nothing of a type that is not read.
    pub(crate) fn block(&self) -> Option<[usize; 2]> {
        Some(match self {
            Self::F64 => [1, 8],
            Self::F32 => [1, 4],
            Self::F16 | Self::Bf16 => [1, 2],
            Self::F8E4m3 | Self::F8E5m2 => [1, 1],
            Self::Blocks(kind) => [kind.block_len(), kind.block_bytes()],
            Self::Other(_) => return None,
        })
    }

    /// The bytes of so many elements, where that is known; nothing, if they are no whole blocks or beyond counting.
    pub(crate) fn bytes_of(&self, count: usize) -> Option<Option<usize>> {
        let [numbers, bytes] = self.block()?;
        Some(if count.is_multiple_of(numbers) { (count / numbers).checked_mul(bytes) } else { None })
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F64 => "F64",
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::F8E4m3 => "F8_E4M3",
            Self::F8E5m2 => "F8_E5M2",
            Self::Blocks(kind) => kind.name(),
            Self::Other(name) => name,
        })
    }
}
