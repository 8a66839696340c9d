use std::fmt;
use std::str::FromStr;

use burn::tensor::DType;
use serde::{Deserialize, Serialize};

/// The type in which weights rest on their device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// The type that is fastest without changing what is seen.
    ///
    /// On a CPU whose instructions multiply bytes, matrices of [half a million numbers](crate::LARGE) and more rest as
    /// under [`Q8`](Self::Q8) in the network that [bears it](crate::Naming::bears_packing), the transformer. Other
    /// matrices and convolutions of F32 rest as BF16, half as large, each number rounded to the nearest; tensors of one
    /// axis, norms and biases, keep F32, for they are small and what a rounding of them does is not averaged out. What is
    /// F16 or BF16 in the file is used where it lies. On another device weights rest as stored; BF16, where a device
    /// lacks it, becomes F16, and F32 in those tensors whose numbers F16 cannot hold. The VAE rests as stored: it is a
    /// hundredth of the whole.
    #[default]
    Auto,
    /// The type of the file, or F32 where the device cannot compute with it. On a CPU such weights stay in the
    /// mapped file.
    #[serde(rename = "stored")]
    AsStored,
    /// 32 bits.
    F32,
    /// 16 bits, the mantissa of 10 bits: finite numbers above 65504 are refused.
    F16,
    /// 16 bits, the range of F32.
    Bf16,
    /// Large matrices in 8 bits, in blocks of 32 with a scale each; what is small, or first or last in its network,
    /// rests as under [`Auto`](Self::Auto).
    Q8,
    /// Large matrices in 4 bits, in blocks of 32 with a scale and an offset each, or in 8 bits where less would lose
    /// most; all else as under [`Q8`](Self::Q8).
    Q4,
}

impl Storage {
    /// The type in which a tensor of the type `stored` is written to a file, for a CPU to use it there.
    pub fn in_file(self, stored: DType, shape: &[usize]) -> DType {
        match self {
            Self::Q8 | Self::Q4 => self.of_floats().in_file(stored, shape),
            Self::Auto if stored == DType::F32 && shape.len() > 1 => DType::BF16,
            Self::Auto | Self::AsStored => stored,
            Self::F32 => DType::F32,
            Self::F16 => DType::F16,
            Self::Bf16 => DType::BF16,
        }
    }

    /// Returns whether large matrices are packed on every device.
    pub fn is_packed(self) -> bool {
        matches!(self, Self::Q8 | Self::Q4)
    }

    /// The setting that holds for matrices that are not packed.
    pub(crate) fn of_floats(self) -> Self {
        match self {
            Self::Q8 | Self::Q4 => Self::Auto,
            asked => asked,
        }
    }

    /// The type in which the VAE rests.
    pub fn of_vae(self) -> Self {
        match self.of_floats() {
            Self::Auto => Self::AsStored,
            asked => asked,
        }
    }
}

impl Storage {
    /// All values.
    pub const ALL: &'static [Self] =
        &[Self::Auto, Self::AsStored, Self::F32, Self::F16, Self::Bf16, Self::Q8, Self::Q4];

    /// Returns the word that the value is written as.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::AsStored => "stored",
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::Q8 => "q8",
            Self::Q4 => "q4",
        }
    }
}

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Storage {
    type Err = UnknownStorage;

    fn from_str(name: &str) -> Result<Self, UnknownStorage> {
        Self::ALL.iter().copied().find(|storage| storage.name() == name).ok_or(UnknownStorage)
    }
}

/// A word that no [`Storage`] is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {}", Storage::ALL.iter().map(|storage| format!("`{storage}`")).collect::<Vec<_>>().join(", "))]
pub struct UnknownStorage;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for storage in Storage::ALL {
            assert_eq!(storage.to_string().parse(), Ok(*storage));
            assert_eq!(serde_json::to_value(storage).ok(), Some(storage.name().into()));
        }
        let error = "q9".parse::<Storage>().map_err(|error| error.to_string());
        assert!(error.is_err_and(|error| error.contains("`auto`, `stored`")));
    }
}
