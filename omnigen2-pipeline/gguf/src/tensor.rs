use std::ops::Range;

use crate::BlockType;
use crate::error::Fault;

/// The most axes of a tensor as it is stored.
const AXES: usize = 4;

/// A tensor of a GGUF file: its shape, its type and where its bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    pub(crate) shape: Vec<usize>,
    pub(crate) stored_shape: Vec<usize>,
    pub(crate) block_type: BlockType,
    pub(crate) range: Range<usize>,
}

impl Tensor {
    /// The shape in PyTorch's order, the axis whose numbers lie next to each other last: that before the tensor was
    /// flattened, if it was.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The shape in which the numbers were made blocks, which differs from [`shape`](Self::shape) if the tensor was
    /// flattened. Its rows are whole blocks.
    pub fn stored_shape(&self) -> &[usize] {
        &self.stored_shape
    }

    /// The type of the numbers.
    pub fn block_type(&self) -> BlockType {
        self.block_type
    }

    /// The place of the bytes in the file.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// The number of its numbers, the product of its shape.
    pub fn numbers(&self) -> usize {
        self.stored_shape.iter().product()
    }

    /// Tells whether some blocks hold the end of one row of [`shape`](Self::shape) and the beginning of the next.
    pub fn crosses_rows(&self) -> bool {
        let row = self.shape.last().copied().unwrap_or(1);
        !row.is_multiple_of(self.block_type.block_len())
    }
}

/// The bytes of a tensor of this shape, in PyTorch's order.
pub(crate) fn bytes_of(shape: &[u64], kind: BlockType) -> Result<u64, Fault> {
    if shape.is_empty() || shape.len() > AXES {
        return Err(Fault::Axes { found: shape.len() as u64 });
    }
    if shape.contains(&0) {
        return Err(Fault::Empty { shape: shape.into() });
    }
    let block = kind.block_len();
    let row = shape[shape.len() - 1];
    if !row.is_multiple_of(block as u64) {
        return Err(Fault::Rows { row, block, kind: kind.name() });
    }
    let numbers = shape.iter().try_fold(1u64, |product, &axis| product.checked_mul(axis));
    let numbers = numbers.and_then(|numbers| usize::try_from(numbers).ok());
    let bytes = numbers.and_then(|numbers| kind.bytes_of(numbers));
    bytes.map(|bytes| bytes as u64).ok_or_else(|| Fault::TooLarge { shape: shape.into() })
}
