use serde::{Deserialize, Serialize};

use super::names::named;

/// The type of the activations of transformer and language model. The VAE always computes in F32. F16 is not
/// offered: the transformer overflows it, which shows as black pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// BF16 on a GPU that computes with it, F32 elsewhere.
    #[default]
    Auto,
    /// 32 bits.
    F32,
    /// 16 bits with the range of F32.
    Bf16,
}

named!(Precision, { Auto => "auto", F32 => "f32", Bf16 => "bf16" });
