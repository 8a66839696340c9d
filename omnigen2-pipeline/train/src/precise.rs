use serde::{Deserialize, Serialize};

/// The type in which numbers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precise {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits, of which 11 are digits.
    F16,
}
