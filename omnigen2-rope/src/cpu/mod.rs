//! Kernels for burn's CPU backend `flex`, where its own operations do not reach what the processor can do.
//!
//! Each computes what the plain operations do, up to rounding, and gives back nothing, or its input, where it has
//! no say: on other devices, under autodiff, for other types than F32, and on processors without wide registers.

#![allow(clippy::result_large_err, reason = "the tensor itself is given back, which is moved either way")]

mod attend;
mod attend_one;
mod columns;
mod dot;
pub(crate) mod exp;
pub(crate) mod flex;
mod gate;
mod norm;
mod panels;
mod project;
mod project_few;
mod rotate;
mod sight;
pub(crate) mod simd;
mod stored;
#[cfg(test)]
mod tests;

pub(crate) use attend::attend;
pub(crate) use attend_one::attend_one;
pub(crate) use gate::silu_gate;
pub(crate) use norm::rms_norm;
pub(crate) use project::project;
pub(crate) use rotate::rotate;

/// Below so many multiplications, waking the other threads costs more than they save.
const PARALLEL: usize = 1 << 18;
