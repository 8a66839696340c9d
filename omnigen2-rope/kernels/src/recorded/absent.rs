//! No derivatives: this build does not train on the CPU, so every operation declines.

use burn::prelude::*;

use crate::AttentionMask;

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
pub fn silu_gate<const D: usize>(_gate: &Tensor<D>, _up: &Tensor<D>) -> Option<Tensor<D>> {
    None
}

/// Declines.
pub fn rms_norm<const D: usize>(_x: &Tensor<D>, _scale: &Tensor<D>, _epsilon: f64) -> Option<Tensor<D>> {
    None
}

/// Declines.
pub fn rotate<const ADJACENT: bool>(_x: &Tensor<4>, _cos: &Tensor<3>, _sin: &Tensor<3>) -> Option<Tensor<4>> {
    None
}

/// Declines.
pub fn convolve(_x: &Tensor<4>, _weight: &Tensor<4>, _bias: &Tensor<1>) -> Option<Tensor<4>> {
    None
}

/// Declines.
pub fn group_norm_silu(
    _x: &Tensor<4>,
    _affine: [&Tensor<1>; 2],
    _groups: usize,
    _epsilon: f64,
) -> Option<Tensor<4>> {
    None
}
