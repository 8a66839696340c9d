use burn::tensor::DType;
use serde::{Deserialize, Serialize};

use crate::values::names::named;

/// The type in which weights rest on their device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// The type that costs least without changing what is seen.
    ///
    /// On a CPU matrices and convolutions of F32 rest as BF16, half as large, each rounded to the nearest; tensors
    /// of one axis, norms and biases, keep F32, for they are small and what a rounding of them does is not averaged
    /// out. What is F16 or BF16 in the file is used where it lies. On another device weights rest as stored; BF16,
    /// where a device lacks it, becomes F16, and F32 in those tensors whose numbers F16 cannot hold. The VAE rests
    /// as stored: it is a hundredth of the whole.
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
}

impl Storage {
    /// The type in which a tensor of the type `stored` is written to a file, for a CPU to use it there.
    pub(crate) fn in_file(self, stored: DType, shape: &[usize]) -> DType {
        match self {
            Self::Auto if stored == DType::F32 && shape.len() > 1 => DType::BF16,
            Self::Auto | Self::AsStored => stored,
            Self::F32 => DType::F32,
            Self::F16 => DType::F16,
            Self::Bf16 => DType::BF16,
        }
    }

    /// The type in which the VAE rests.
    pub(crate) fn of_vae(self) -> Self {
        match self {
            Self::Auto => Self::AsStored,
            asked => asked,
        }
    }
}

named!(Storage, { Auto => "auto", AsStored => "stored", F32 => "f32", F16 => "f16", Bf16 => "bf16" });
