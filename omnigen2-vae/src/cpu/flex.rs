//! Tensors of burn's backend `flex` as slices of numbers.

use burn::backend::DispatchDevice;
use burn::backend::flex::{Flex, FlexTensor, Layout};
use burn::prelude::*;
use burn::tensor::{Bytes, DType};

/// The F32 numbers of a tensor on flex that records no gradients, in order.
pub(super) struct Numbers(FlexTensor);

impl Numbers {
    /// Without a copy if they lie in order; `None` if the tensor is of another type or elsewhere.
    pub(super) fn of<const D: usize>(x: &Tensor<D>) -> Option<Self> {
        primitive(x.clone()).map(in_order).map(Self)
    }

    pub(super) fn slice(&self) -> &[f32] {
        self.0.as_slice().unwrap_or_default()
    }
}

/// A map that is written where it lies.
pub(super) struct Writable {
    map: FlexTensor,
    start: usize,
    end: usize,
}

impl Writable {
    /// A map of zeros.
    pub(super) fn zeros(dims: [usize; 4]) -> Self {
        let end = dims.iter().product();
        Self { map: fresh(vec![0.0; end], dims), start: 0, end }
    }

    /// The memory of a tensor that nothing else holds, or a copy; the tensor itself if [`Numbers::of`] has none.
    pub(super) fn of(x: Tensor<4>) -> Result<Self, Tensor<4>> {
        let Some(map) = primitive(x.clone()) else { return Err(x) };
        drop(x);
        let map = in_order(map);
        let (start, end) = map.layout().contiguous_offsets().unwrap_or_default();
        Ok(Self { map, start, end })
    }

    pub(super) fn is_shared(&self) -> bool {
        !self.map.is_unique()
    }

    pub(super) fn slice(&mut self) -> &mut [f32] {
        &mut self.map.storage_mut()[self.start..self.end]
    }

    pub(super) fn tensor(self) -> Tensor<4> {
        Tensor::from_primitive::<Flex>(self.map)
    }

    /// The first of the numbers, as a map of other sides.
    pub(super) fn shortened(self, dims: [usize; 4]) -> Tensor<4> {
        let plain = Layout::contiguous(dims.into());
        let layout = Layout::new(dims.into(), plain.strides().to_vec(), self.start);
        Tensor::from_primitive::<Flex>(self.map.with_layout(layout))
    }
}

/// The same map in memory of its own size: [`Writable::shortened`] leaves more.
pub(crate) fn trim(x: Tensor<4>) -> Tensor<4> {
    match primitive(x.clone()) {
        Some(map) if map.bytes().len() > size_of::<f32>() * x.dims().iter().product::<usize>() => {
            Tensor::from_primitive::<Flex>(map.to_contiguous())
        }
        _ => x,
    }
}

/// A new tensor of these numbers.
pub(super) fn tensor<const D: usize>(numbers: Vec<f32>, dims: [usize; D]) -> Tensor<D> {
    Tensor::from_primitive::<Flex>(fresh(numbers, dims))
}

fn fresh<const D: usize>(numbers: Vec<f32>, dims: [usize; D]) -> FlexTensor {
    FlexTensor::new(Bytes::from_elems(numbers), Layout::contiguous(dims.into()), DType::F32)
}

fn primitive<const D: usize>(x: Tensor<D>) -> Option<FlexTensor> {
    let plain = matches!(x.device().as_dispatch(), DispatchDevice::Flex(_)) && x.dtype() == DType::F32;
    if plain { x.try_into_primitive::<Flex>().ok() } else { None }
}

/// The tensor itself if its numbers lie in order.
fn in_order(x: FlexTensor) -> FlexTensor {
    if x.as_slice::<f32>().is_some() { x } else { x.to_contiguous() }
}
