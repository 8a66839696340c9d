use burn::prelude::*;
use burn::tensor::activation::silu;

/// `silu(gate) · up`, the gate of a SwiGLU feed-forward (arXiv 2002.05202).
///
/// # Shapes
/// - gate, up and output: the same
pub fn silu_gate<const D: usize>(gate: Tensor<D>, up: Tensor<D>) -> Tensor<D> {
    silu(gate) * up
}
