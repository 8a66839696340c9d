//! Kernels for burn's CPU backend `flex`.
//!
//! Each begins by asking for [`Registers`](registers::Registers) and reading its tensors, and declines there or never.

mod attend;
mod attend_one;
mod band;
mod batched_product;
mod bfloat;
mod columns;
#[cfg(test)]
mod convolution_tests;
mod convolve;
mod dot;
pub(crate) mod exp;
pub(crate) mod heads;
mod mask;
mod moments;
mod packed;
mod panels;
mod pointwise;
mod project;
mod project_few;
pub(crate) mod registers;
mod rms_norm;
pub(crate) mod rotate;
mod silu_gate;
pub(crate) mod sum;
pub(crate) mod tensors;
#[cfg(test)]
mod tests;
mod tile;
mod weight;
mod winograd;

pub use attend::attend;
pub use attend_one::attend_one;
pub use convolve::{Convolution, Scratch};
pub use moments::group_moments;
pub use packed::{multiplies_packed, project_packed, unpack_packed};
pub use pointwise::pointwise_in_place;
pub use project::{multiplies_pairs, project, project_rounded};
pub use rms_norm::rms_norm;
pub use rotate::rotate;
pub use silu_gate::silu_gate;
pub use tensors::trim;
