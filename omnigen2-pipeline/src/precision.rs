use burn::prelude::*;
use burn::tensor::{DType, FloatDType};

use crate::device::is_cpu;

/// The type of the activations of transformer and language model. The VAE always computes in F32. F16 is not
/// offered: the transformer overflows it, which shows as black pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// BF16 on a GPU that computes with it, F32 elsewhere.
    #[default]
    Auto,
    /// 32 bits.
    F32,
    /// 16 bits with the range of F32.
    Bf16,
}

impl Precision {
    /// The type of activations on a device.
    pub fn on(self, device: &Device) -> FloatDType {
        match self {
            Self::Auto if !is_cpu(device) && device.supports_dtype(DType::BF16) => FloatDType::BF16,
            Self::Auto | Self::F32 => FloatDType::F32,
            Self::Bf16 => FloatDType::BF16,
        }
    }
}
