//! No kernels: this build has no CPU backend that they are for, so every one declines.

use std::convert::Infallible;

use burn::prelude::*;

use crate::{AttentionMask, ConvolutionInput, Moments, PackedTensors};

/// Declines.
pub fn project(_x: &Tensor<2>, _weight: &Tensor<2>) -> Option<Tensor<2>> {
    None
}

/// Declines.
pub fn project_rounded(_x: &Tensor<2>, _weight: &Tensor<2>) -> Option<Tensor<2>> {
    None
}

/// Returns `false`.
pub fn multiplies_pairs(_device: &Device) -> bool {
    false
}

/// Returns `false`.
pub fn multiplies_packed(_device: &Device) -> bool {
    false
}

/// Declines.
pub fn project_packed(_x: &Tensor<2>, _weight: &PackedTensors<'_>) -> Option<Tensor<2>> {
    None
}

/// Declines.
pub fn unpack_packed(_weight: &PackedTensors<'_>, _rows: Option<&Tensor<1, Int>>) -> Option<Tensor<2>> {
    None
}

/// Declines.
pub fn attend(
    _queries: &Tensor<4>,
    _keys: &Tensor<4>,
    _values: &Tensor<4>,
    _mask: &AttentionMask,
) -> Option<Tensor<4>> {
    None
}

/// Declines.
pub fn attend_one(
    _queries: &Tensor<4>,
    _keys: &Tensor<4>,
    _values: &Tensor<4>,
    _mask: &AttentionMask,
) -> Option<Tensor<4>> {
    None
}

/// Declines.
pub fn rotate<const ADJACENT: bool>(_x: &Tensor<4>, _cos: &Tensor<3>, _sin: &Tensor<3>) -> Option<Tensor<4>> {
    None
}

/// Declines.
///
/// # Errors
/// The gate.
pub fn silu_gate<const D: usize>(gate: Tensor<D>, _up: &Tensor<D>) -> Result<Tensor<D>, Tensor<D>> {
    Err(gate)
}

/// Declines.
///
/// # Errors
/// The tensor.
pub fn rms_norm<const D: usize>(
    x: Tensor<D>,
    _scale: &Tensor<D>,
    _epsilon: f64,
) -> Result<Tensor<D>, Tensor<D>> {
    Err(x)
}

/// Declines.
pub fn group_moments(_x: &Tensor<4>, _groups: usize) -> Option<Moments> {
    None
}

/// Declines.
///
/// # Errors
/// The map.
pub fn pointwise_in_place(
    x: Tensor<4>,
    _weight: &Tensor<4>,
    _bias: &Tensor<1>,
) -> Result<Tensor<4>, Tensor<4>> {
    Err(x)
}

/// Returns the map as it is: nothing here leaves memory over.
pub fn trim(x: Tensor<4>) -> Tensor<4> {
    x
}

/// Memory that convolutions use one after the other; none here.
#[derive(Debug, Default)]
pub struct Scratch(());

/// A convolution over one map, of which there is none here.
#[derive(Debug)]
pub struct Convolution(Infallible);

impl Convolution {
    /// Declines.
    pub fn new(_input: ConvolutionInput<'_>, _weight: &Tensor<4>, _bias: &Tensor<1>) -> Option<Self> {
        None
    }

    /// Computes the output, `[batch, output, height, width]`.
    pub fn run(&self, _scratch: &Scratch) -> Tensor<4> {
        match self.0 {}
    }

    /// Adds the output onto a map.
    pub fn onto(&self, _base: Tensor<4>, _scratch: &Scratch) -> Tensor<4> {
        match self.0 {}
    }
}
