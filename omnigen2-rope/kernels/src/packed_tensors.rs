use burn::prelude::*;

use crate::packed::Layout;

/// A packed weight that rests in tensors.
#[derive(Clone, Copy, Debug)]
pub struct PackedTensors<'a> {
    /// The form of the weight.
    pub layout: Layout,
    /// The values, four bytes a word: `[value_bytes / 4]`.
    pub values: &'a Tensor<1, Int>,
    /// The scales: `[groups * blocks * 16]`.
    pub scales: &'a Tensor<1>,
    /// The offsets, as many as scales, if there are any.
    pub offsets: Option<&'a Tensor<1>>,
}
