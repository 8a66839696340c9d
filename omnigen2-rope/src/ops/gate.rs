use burn::prelude::*;
use burn::tensor::activation::silu;
use omnigen2_kernels::{self as kernels, recorded};

/// `silu(gate) · up`, the gate of a SwiGLU feed-forward (arXiv 2002.05202).
///
/// # Shapes
/// - gate, up and output: the same
///
/// # Panics
/// If the shapes differ.
pub fn silu_gate<const D: usize>(gate: Tensor<D>, up: Tensor<D>) -> Tensor<D> {
    assert_eq!(gate.dims(), up.dims(), "a gate meets another shape");
    if let Some(gated) = recorded::silu_gate(&gate, &up) {
        return gated;
    }
    match kernels::silu_gate(gate, &up) {
        Ok(gated) => gated,
        Err(gate) => silu(gate) * up,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a gate meets another shape")]
    fn a_gate_of_another_shape_is_refused() {
        let device = Device::flex();
        silu_gate(Tensor::<2>::ones([2, 8], &device), Tensor::ones([1, 8], &device));
    }
}
