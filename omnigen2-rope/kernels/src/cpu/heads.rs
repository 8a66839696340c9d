//! Heads of attention where they lie.

use std::borrow::Cow;

use burn::backend::flex::FlexTensor;
use burn::tensor::DType;

/// The numbers of an F32 view `[batch, heads, rows, width]` whose last axis lies together.
pub(crate) struct Heads<'a> {
    numbers: Cow<'a, [f32]>,
    /// Numbers from one batch, head and row to the next.
    steps: [usize; 3],
}

impl<'a> Heads<'a> {
    /// `None` if the type is another, or the last axis does not lie together.
    pub(crate) fn of(x: &'a FlexTensor) -> Option<Self> {
        let layout = x.layout();
        let &[batch, head, row, one] = layout.strides() else { return None };
        if x.dtype() != DType::F32 || (one != 1 && layout.shape()[3] != 1) {
            return None;
        }
        let step = |stride: isize| usize::try_from(stride).ok();
        let steps = [step(batch)?, step(head)?, step(row)?];
        Some(Self { numbers: x.storage::<f32>().get(layout.start_offset()..)?.into(), steps })
    }

    /// [`of`](Self::of) an F32 tensor, or of a copy in order.
    #[cfg(feature = "train")]
    pub(crate) fn gathered(x: &'a FlexTensor, dims: [usize; 4]) -> Self {
        let [_, heads, rows, width] = dims;
        Self::of(x).unwrap_or_else(|| Self {
            numbers: x.to_contiguous().storage::<f32>().to_vec().into(),
            steps: [heads * rows * width, rows * width, width],
        })
    }

    /// The rows of one head from `row` on.
    pub(crate) fn rows(&self, batch: usize, head: usize, row: usize) -> Rows<'_> {
        let [b, h, r] = self.steps;
        Rows { numbers: &self.numbers[batch * b + head * h + row * r..], step: r }
    }
}

/// Rows that lie at equal steps.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) step: usize,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    pub(super) fn get(self, row: usize, width: usize) -> &'a [f32] {
        &self.numbers[row * self.step..][..width]
    }

    /// The numbers from a channel of a row on, and those behind the row.
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
