use burn::prelude::*;
use burn::tensor::activation::silu;

use crate::{cpu, learn};

/// `silu(gate) · up`, the gate of a SwiGLU feed-forward (arXiv 2002.05202).
///
/// # Shapes
/// - gate, up and output: the same
pub fn silu_gate<const D: usize>(gate: Tensor<D>, up: Tensor<D>) -> Tensor<D> {
    if let Some(gated) = learn::silu_gate(&gate, &up) {
        return gated;
    }
    match cpu::silu_gate(gate, &up) {
        Ok(gated) => gated,
        Err(gate) => silu(gate) * up,
    }
}
