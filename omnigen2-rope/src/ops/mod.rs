//! The operations that all rotary transformers here share.

mod attach;
mod bf16_products;
mod gate;
mod linear;
mod low_rank;
mod norm;
mod packing;
mod project;
mod weight;
mod weight_module;

pub use bf16_products::Bf16Products;
pub use gate::silu_gate;
pub use linear::Linear;
pub use low_rank::LowRank;
pub use norm::{RmsNorm, layer_norm};
pub use omnigen2_kernels::packed;
pub use packing::Packed;
pub use project::{project, project_rounded};
pub use weight::Weight;
