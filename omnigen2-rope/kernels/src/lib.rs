#![doc = include_str!("../README.md")]
#![allow(clippy::result_large_err, reason = "the tensor itself is given back, which is moved either way")]

mod attention_mask;
mod convolution_input;
#[cfg(feature = "flex")]
mod cpu;
#[cfg(not(feature = "flex"))]
#[path = "absent.rs"]
mod cpu;
mod moments;
pub mod packed;
mod packed_tensors;
#[cfg(all(feature = "flex", feature = "train"))]
pub mod recorded;
#[cfg(not(all(feature = "flex", feature = "train")))]
#[path = "recorded/absent.rs"]
pub mod recorded;

pub use attention_mask::AttentionMask;
pub use convolution_input::{ConvolutionInput, Prologue};
pub use cpu::{
    Convolution, Scratch, attend, attend_one, group_moments, multiplies_packed, multiplies_pairs,
    pointwise_in_place, project, project_packed, project_rounded, rms_norm, rotate, silu_gate, trim,
    unpack_packed,
};
pub use moments::Moments;
pub use packed_tensors::PackedTensors;
