#![doc = include_str!("../README.md")]

mod block_type;
mod blocks;
mod cursor;
mod encode;
mod error;
pub mod fp8;
mod header;
mod integer_view;
mod integers;
mod plan;
mod quantise;
mod tensor;
mod value;
mod writer;

pub use block_type::{BlockType, UnknownType};
pub use error::{Fault, GgufError, Part};
pub use header::{Header, MAGIC};
pub use integer_view::IntegerView;
pub use integers::Integers;
pub use plan::{Plan, TensorPlan};
pub use quantise::NotQuantised;
pub use tensor::Tensor;
pub use value::{Array, Value};
pub use writer::Writer;
