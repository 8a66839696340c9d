//! Operations with derivatives of their own, for training on burn's CPU backend `flex`: there burn's own take several
//! times as long. Every entry gives `None` where it does not apply, and the caller takes burn's operations instead.

mod activate;
mod convolve;
mod gradient;
mod map;
#[cfg(test)]
mod tests;

use burn::backend::Autodiff;
use burn::backend::flex::{Flex, FlexTensor, Layout};
use burn::backend::tensor::FloatTensor;
use burn::prelude::*;
use burn::tensor::{Bytes, DType};

pub(crate) use activate::activated_norm;
pub(crate) use convolve::convolve;

type Tracked = FloatTensor<Autodiff<Flex>>;

/// The tensor as flex under autodiff holds it.
fn tracked<const D: usize>(x: &Tensor<D>) -> Option<Tracked> {
    let is_known = x.is_autodiff() && x.dtype() == DType::F32;
    if is_known { x.clone().try_into_primitive::<Autodiff<Flex>>().ok() } else { None }
}

fn wrap<const D: usize>(x: Tracked) -> Tensor<D> {
    Tensor::from_primitive::<Autodiff<Flex>>(x)
}

/// The numbers in order.
fn in_order(x: &FlexTensor) -> FlexTensor {
    if x.as_slice::<f32>().is_some() { x.clone() } else { x.to_contiguous() }
}

fn slice(x: &FlexTensor) -> &[f32] {
    x.as_slice().unwrap_or_default()
}

fn fresh<const D: usize>(numbers: Vec<f32>, dims: [usize; D]) -> FlexTensor {
    FlexTensor::new(Bytes::from_elems(numbers), Layout::contiguous(dims.into()), DType::F32)
}
