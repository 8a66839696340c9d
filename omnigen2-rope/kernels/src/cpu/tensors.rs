//! Which tensors a kernel may read, and the way there and back.

use burn::backend::DispatchDevice;
use burn::backend::flex::{Flex, FlexTensor, Layout};
use burn::prelude::*;
use burn::tensor::{Bytes, DType};

/// The tensor as plain flex holds it; `None` on every other backend and under autodiff.
pub(crate) fn read<const D: usize>(x: &Tensor<D>) -> Option<FlexTensor> {
    if is_plain(&x.device()) { x.clone().try_into_primitive::<Flex>().ok() } else { None }
}

/// [`read`], of F32 alone.
pub(crate) fn read_f32<const D: usize>(x: &Tensor<D>) -> Option<FlexTensor> {
    if x.dtype() == DType::F32 { read(x) } else { None }
}

/// The bytes of a mask in order, one each; `None` if it lies elsewhere or otherwise.
pub(super) fn read_bytes(mask: &Tensor<4, Bool>) -> Option<FlexTensor> {
    let count: usize = mask.dims().iter().product();
    let mask = mask.clone().try_into_primitive::<Flex>().ok()?.to_contiguous();
    (mask.bytes().len() == count).then_some(mask)
}

/// The F32 tensor with its numbers in order, to be changed in place if nothing else holds it.
///
/// # Errors
/// The tensor, if no kernel may change it.
pub(crate) fn own<const D: usize>(x: Tensor<D>) -> Result<FlexTensor, Tensor<D>> {
    match read_f32(&x) {
        Some(own) => {
            drop(x);
            Ok(own.to_contiguous())
        }
        None => Err(x),
    }
}

/// Whether a device is flex and records no gradients.
pub(super) fn is_plain(device: &Device) -> bool {
    matches!(device.as_dispatch(), DispatchDevice::Flex(_))
}

/// The tensor as flex holds it; a copy, should it lie elsewhere.
#[cfg(feature = "train")]
pub(crate) fn primitive<const D: usize>(x: Tensor<D>) -> FlexTensor {
    let there = x.clone().try_into_primitive::<Flex>();
    there.unwrap_or_else(|_| FlexTensor::from_data(x.into_data()))
}

/// The tensor on plain flex.
pub(crate) fn wrap<const D: usize>(x: FlexTensor) -> Tensor<D> {
    Tensor::from_primitive::<Flex>(x)
}

/// A tensor on plain flex of these numbers.
pub(crate) fn tensor<const D: usize>(numbers: Vec<f32>, dims: [usize; D]) -> Tensor<D> {
    wrap(fresh(numbers, dims.into()))
}

/// These numbers as flex holds them.
pub(crate) fn fresh(numbers: Vec<f32>, shape: Shape) -> FlexTensor {
    FlexTensor::new(Bytes::from_elems(numbers), Layout::contiguous(shape), DType::F32)
}

/// The F32 numbers of a tensor, in order.
#[derive(Clone, Debug)]
pub(crate) struct Contiguous(FlexTensor);

impl Contiguous {
    /// Without a copy if they lie in order; `None` if [`read_f32`] has none.
    pub(crate) fn of<const D: usize>(x: &Tensor<D>) -> Option<Self> {
        read_f32(x).map(Self::from)
    }

    /// The numbers.
    pub(crate) fn slice(&self) -> &[f32] {
        self.0.as_slice().unwrap_or_default()
    }

    /// The dimensions of the tensor.
    #[cfg(feature = "train")]
    pub(crate) fn shape(&self) -> Shape {
        self.0.layout().shape().clone()
    }
}

impl From<FlexTensor> for Contiguous {
    fn from(x: FlexTensor) -> Self {
        Self(if x.as_slice::<f32>().is_some() { x } else { x.to_contiguous() })
    }
}

/// A feature map that is written where it lies.
pub(super) struct WritableMap {
    map: FlexTensor,
    start: usize,
    end: usize,
}

impl WritableMap {
    /// A map of zeros.
    pub(super) fn zeros(dims: [usize; 4]) -> Self {
        let end = dims.iter().product();
        Self { map: fresh(vec![0.0; end], dims.into()), start: 0, end }
    }

    /// The memory of a tensor that nothing else holds, or a copy.
    ///
    /// # Errors
    /// The tensor, if [`read_f32`] has none.
    pub(super) fn of(x: Tensor<4>) -> Result<Self, Tensor<4>> {
        let Some(map) = read_f32(&x) else { return Err(x) };
        drop(x);
        let Contiguous(map) = map.into();
        let (start, end) = map.layout().contiguous_offsets().unwrap_or_default();
        Ok(Self { map, start, end })
    }

    /// Whether something else holds the memory too.
    pub(super) fn is_shared(&self) -> bool {
        !self.map.is_unique()
    }

    /// The numbers.
    pub(super) fn slice(&mut self) -> &mut [f32] {
        &mut self.map.storage_mut()[self.start..self.end]
    }

    /// The map itself.
    pub(super) fn tensor(self) -> Tensor<4> {
        wrap(self.map)
    }

    /// The first of the numbers, as a map of other sides.
    pub(super) fn shortened(self, dims: [usize; 4]) -> Tensor<4> {
        let plain = Layout::contiguous(dims.into());
        let layout = Layout::new(dims.into(), plain.strides().to_vec(), self.start);
        wrap(self.map.with_layout(layout))
    }
}

/// Moves a map into memory of its own size, where [`pointwise_in_place`](crate::pointwise_in_place) left more.
pub fn trim(x: Tensor<4>) -> Tensor<4> {
    match read_f32(&x) {
        Some(map) if map.bytes().len() > size_of::<f32>() * x.dims().iter().product::<usize>() => {
            wrap(map.to_contiguous())
        }
        _ => x,
    }
}
