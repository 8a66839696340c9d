//! Kernels for burn's CPU backend `flex`, in F32. Every entry gives `None` where it does not apply, and the caller
//! takes burn's operations instead.

#![allow(clippy::result_large_err, reason = "the tensor itself is given back, which is moved either way")]

mod convolve;
mod flex;
mod norm;
mod product;
mod read;
mod shortcut;
#[cfg(test)]
mod tests;
pub(crate) mod vector;
mod winograd;

pub(crate) use convolve::{Convolution, Scratch};
pub(crate) use flex::trim;
pub(crate) use norm::Moments;
pub(crate) use shortcut::within;
