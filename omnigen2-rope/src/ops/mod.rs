//! The operations that all rotary transformers here share.

mod gate;
mod linear;
mod low_rank;
mod norm;

pub use gate::silu_gate;
pub use linear::{Linear, project};
pub use low_rank::LowRank;
pub use norm::{RmsNorm, layer_norm};
