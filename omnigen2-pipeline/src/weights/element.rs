use std::fmt;

use burn::tensor::DType;

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
    /// Something else, by the name that its format gives it: integers, or floats in blocks.
    Other(String),
}

impl Element {
    /// The float type of this, which weights can have at rest.
    pub(crate) fn float(&self) -> Option<DType> {
        match self {
            Self::F32 => Some(DType::F32),
            Self::F16 => Some(DType::F16),
            Self::Bf16 => Some(DType::BF16),
            Self::F64 | Self::Other(_) => None,
        }
    }

    /// The bytes of one element, where they are the same for all.
    pub(super) fn size(&self) -> Option<usize> {
        match self {
            Self::F64 => Some(8),
            Self::F32 => Some(4),
            Self::F16 | Self::Bf16 => Some(2),
            Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F64 => "F64",
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::Other(name) => name,
        })
    }
}
