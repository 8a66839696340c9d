use burn::prelude::*;
use burn::tensor::DType;

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
    by_rows(x, weight, |x, weight| {
        omnigen2_kernels::project(&x, &weight).unwrap_or_else(|| multiply(x, weight))
    })
}

/// `x · weightᵀ` of `x` rounded to BF16, in which the weight rests; sums are F32.
///
/// # Shapes
/// As those of [`project`].
///
/// # Panics
/// As [`project`].
pub fn project_rounded<const D: usize>(x: Tensor<D>, weight: Tensor<2>) -> Tensor<D> {
    by_rows(x, weight, |x, weight| {
        omnigen2_kernels::project_rounded(&x, &weight).unwrap_or_else(|| {
            let dtype = x.dtype();
            project(x.cast(DType::BF16).cast(dtype), weight)
        })
    })
}

fn by_rows<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    multiply: impl FnOnce(Tensor<2>, Tensor<2>) -> Tensor<2>,
) -> Tensor<D> {
    let mut dims = x.dims();
    let [output, input] = weight.dims();
    assert_eq!(dims[D - 1], input, "a weight of [{output}, {input}] meets channels of another number");
    let rows = dims[..D - 1].iter().product::<usize>();
    let x = x.reshape([rows, input]);
    let y = multiply(x, weight);
    dims[D - 1] = output;
    y.reshape(dims)
}

// Two axes keep the transposed weight a view; with more, burn copies it at every call.
fn multiply(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    let weight = weight.cast(x.dtype()).transpose();
    x.matmul(weight)
}
