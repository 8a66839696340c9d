#![doc = include_str!("../README.md")]

pub mod ops;

mod attention;
#[cfg(feature = "flex")]
mod cpu;
#[cfg(not(feature = "flex"))]
#[path = "cpu/absent.rs"]
mod cpu;
mod grid;
#[cfg(all(feature = "flex", feature = "train"))]
mod learn;
#[cfg(not(all(feature = "flex", feature = "train")))]
#[path = "learn/absent.rs"]
mod learn;
mod mrope;
mod omni;
mod rotation;
mod window;

pub use attention::{Visibility, attend, attend_masked, merge_heads, split_heads};
pub use grid::{Grid, Position};
pub use mrope::{MropePositions, Segment, mrope_positions};
pub use omni::OmniLayout;
pub use rotation::{Frequencies, Rotation};
pub use window::{WindowLayout, merge_block_positions};
