#![doc = include_str!("../README.md")]

pub mod ops;

mod attention;
mod grid;
mod mrope;
mod omni;
mod rotation;
mod window;

pub use attention::{attend, merge_heads, split_heads};
pub use grid::{Grid, Position};
pub use mrope::{MropePositions, Segment, mrope_positions};
pub use omni::OmniLayout;
pub use omnigen2_kernels::AttentionMask;
pub use rotation::{Frequencies, Rotation};
pub use window::{WindowLayout, merge_block_positions};
