//! The operations that all rotary transformers here share.

mod gate;
mod linear;
mod norm;

pub use gate::silu_gate;
pub use linear::{Linear, project};
pub use norm::{RmsNorm, layer_norm};
