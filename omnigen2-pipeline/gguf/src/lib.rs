#![doc = include_str!("../README.md")]

mod block_type;
mod blocks;
mod cursor;
mod error;
pub mod fp8;
mod header;
mod integers;
mod quantise;
mod tensor;
mod value;

pub use block_type::{BlockType, UnknownType};
pub use error::{Fault, GgufError, Part};
pub use header::Header;
pub use integers::{IntegerView, Integers};
pub use quantise::NotQuantised;
pub use tensor::Tensor;
pub use value::{Array, Value};
