use burn::prelude::*;

/// `x · weightᵀ`: the weight may rest in another type than `x`, and is widened for this product alone.
///
/// # Shapes
/// - x: `[.., input]`
/// - weight: `[output, input]`
/// - output: `[.., output]`, of the type of `x`
///
/// # Panics
/// If the last axis of `x` is not `input`.
pub fn project<const D: usize>(x: Tensor<D>, weight: Tensor<2>) -> Tensor<D> {
    let mut dims = x.dims();
    let [output, input] = weight.dims();
    assert_eq!(dims[D - 1], input, "a weight of [{output}, {input}] meets channels of another number");
    let rows = dims[..D - 1].iter().product::<usize>();
    let x = x.reshape([rows, input]);
    let y = omnigen2_kernels::project(&x, &weight).unwrap_or_else(|| multiply(x, weight));
    dims[D - 1] = output;
    y.reshape(dims)
}

// Two axes keep the transposed weight a view; with more, burn copies it at every call.
fn multiply(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    let weight = weight.cast(x.dtype()).transpose();
    x.matmul(weight)
}
