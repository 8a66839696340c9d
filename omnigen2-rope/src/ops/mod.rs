//! The operations that all rotary transformers here share.

mod gate;
mod linear;
mod low_rank;
mod norm;
mod project;
mod weight;

pub use gate::silu_gate;
pub use linear::Linear;
pub use low_rank::LowRank;
pub use norm::{RmsNorm, layer_norm};
pub use project::project;
pub use weight::Weight;
