use serde::{Deserialize, Serialize};

use super::names::named;

/// The type in which transformer, language model and vision tower compute. The VAE always computes in F32. F16 is not offered: the
/// transformer overflows it, which shows as black pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// BF16 on a GPU that computes with it, and on a CPU with AVX512-BF16 in products with large matrices that rest in it;
    /// F32 elsewhere.
    #[default]
    Auto,
    /// 32 bits.
    F32,
    /// 16 bits with the range of F32. On a CPU activations are of this type in products with weights that rest in it,
    /// and of F32 elsewhere: products are twice as fast where the processor has them (AVX512-BF16), no slower elsewhere.
    Bf16,
}

named!(Precision, { Auto => "auto", F32 => "f32", Bf16 => "bf16" });
