//! Which tensors a kernel may read, and the way there and back.

use burn::backend::DispatchDevice;
use burn::backend::flex::{Flex, FlexTensor, Layout};
use burn::prelude::*;
use burn::tensor::{Bytes, DType};

use super::simd;

/// The tensor as plain flex holds it; `None` on every other backend, under autodiff, and where there are no kernels.
pub(super) fn read<const D: usize>(x: &Tensor<D>) -> Option<FlexTensor> {
    match is_plain(&x.device()) && simd::is_wide() {
        true => x.clone().try_into_primitive::<Flex>().ok(),
        false => None,
    }
}

/// The contiguous F32 tensor, to be changed in place if nothing else holds it.
///
/// # Errors
/// The tensor, if no kernel may change it.
pub(super) fn own<const D: usize>(x: Tensor<D>) -> Result<FlexTensor, Tensor<D>> {
    if x.dtype() != DType::F32 {
        return Err(x);
    }
    match read(&x) {
        Some(own) => {
            drop(x);
            Ok(own.to_contiguous())
        }
        None => Err(x),
    }
}

/// Whether a device is flex and records no gradients.
fn is_plain(device: &Device) -> bool {
    matches!(device.as_dispatch(), DispatchDevice::Flex(_))
}

pub(super) fn wrap<const D: usize>(x: FlexTensor) -> Tensor<D> {
    Tensor::from_primitive::<Flex>(x)
}

/// A tensor on plain flex of these numbers.
pub(super) fn tensor<const D: usize>(numbers: Vec<f32>, dims: [usize; D]) -> Tensor<D> {
    wrap(fresh(numbers, dims.into()))
}

pub(crate) fn fresh(numbers: Vec<f32>, shape: Shape) -> FlexTensor {
    FlexTensor::new(Bytes::from_elems(numbers), Layout::contiguous(shape), DType::F32)
}

/// The numbers of a view `[batch, heads, rows, width]` whose last axis lies together.
#[derive(Clone, Copy)]
pub(super) struct Heads<'a> {
    numbers: &'a [f32],
    /// Numbers from one batch, head and row to the next.
    steps: [usize; 3],
}

impl<'a> Heads<'a> {
    /// `None` if the type is another, or the last axis does not lie together.
    pub(super) fn of(x: &'a FlexTensor) -> Option<Self> {
        let layout = x.layout();
        let &[batch, head, row, one] = layout.strides() else { return None };
        if x.dtype() != DType::F32 || (one != 1 && layout.shape()[3] != 1) {
            return None;
        }
        let step = |stride: isize| usize::try_from(stride).ok();
        let steps = [step(batch)?, step(head)?, step(row)?];
        Some(Self { numbers: x.storage::<f32>().get(layout.start_offset()..)?, steps })
    }

    /// The rows of one head from `row` on.
    pub(super) fn rows(self, batch: usize, head: usize, row: usize) -> Rows<'a> {
        let [b, h, r] = self.steps;
        Rows { numbers: &self.numbers[batch * b + head * h + row * r..], step: r }
    }
}

/// Rows that lie at equal steps.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) step: usize,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    pub(super) fn get(self, row: usize, width: usize) -> &'a [f32] {
        &self.numbers[row * self.step..][..width]
    }

    /// What lies in a row from a channel on, and behind it.
    #[inline(always)]
    pub(super) fn channels(self, row: usize, from: usize) -> &'a [f32] {
        &self.numbers[row * self.step + from..]
    }

    pub(super) fn from(self, row: usize) -> Self {
        Self { numbers: &self.numbers[row * self.step..], ..self }
    }
}

/// Numbers `[batch, rows, heads, width]` taken apart into the rows of blocks of `block` rows of each head, block
/// after block and head after head.
pub(super) fn blocks_of_heads(
    numbers: &mut [f32],
    [rows, heads, width]: [usize; 3],
    block: usize,
) -> Vec<Vec<&mut [f32]>> {
    let blocks = rows.div_ceil(block);
    let image = rows * heads * width;
    let images = numbers.len() / image.max(1);
    let mut parts: Vec<Vec<&mut [f32]>> =
        (0..images * heads * blocks).map(|_| Vec::with_capacity(block.min(rows))).collect();
    for (at, part) in numbers.chunks_exact_mut(width.max(1)).enumerate() {
        let (row, head) = (at / heads, at % heads);
        let (image, row) = (row / rows, row % rows);
        parts[(image * heads + head) * blocks + row / block].push(part);
    }
    parts
}
