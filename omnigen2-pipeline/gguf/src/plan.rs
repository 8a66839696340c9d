use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::encode::{self, Append};
use crate::error::{Fault, GgufError, Part};
use crate::header::{self, MAGIC, ORIGINAL_SHAPE};
use crate::{Array, BlockType, Value, Writer, tensor};

/// The version that is written.
const VERSION: u32 = 3;
/// The numbers in a row of a flattened tensor, if they are a whole number of rows.
const FLAT_ROW: usize = 256;

/// A tensor that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorPlan {
    name: String,
    shape: Vec<usize>,
    stored_shape: Vec<usize>,
    block_type: BlockType,
}

/// A file that is to be written: its header is complete, its size is known.
///
/// ```
/// use omnigen2_gguf::{BlockType, Header, Plan, TensorPlan, Value};
///
/// let tensors = vec![TensorPlan::new("weight", &[2, 32], BlockType::Q8_0)];
/// let plan = Plan::new(vec![("general.architecture".into(), Value::from("test"))], tensors)?;
/// let size = plan.size();
///
/// let mut blocks = [0; 68];
/// BlockType::Q8_0.quantise(&[1.0; 64], &mut blocks)?;
/// let mut writer = plan.begin(Vec::new())?;
/// writer.write("weight", &blocks)?;
/// let file = writer.finish()?;
///
/// assert_eq!(file.len() as u64, size);
/// assert_eq!(Header::parse(&file)?.tensors()["weight"].shape(), [2, 32]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    head: Vec<u8>,
    tensors: Vec<Pending>,
    alignment: u64,
    size: u64,
}

/// A tensor whose bytes are to come.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) name: String,
    pub(crate) bytes: u64,
}

impl TensorPlan {
    /// A tensor of a shape in PyTorch's order, whose rows are whole blocks.
    pub fn new(name: impl Into<String>, shape: &[usize], block_type: BlockType) -> Self {
        Self { name: name.into(), shape: shape.into(), stored_shape: shape.into(), block_type }
    }

    /// A tensor that is flattened if its rows are no whole blocks, or if it has more than four axes: the blocks are those
    /// of all its numbers in a row, and a metadata pair `comfy.gguf.orig_shape.NAME` tells its shape.
    ///
    /// Source: ComfyUI-GGUF, whose loader gives such tensors their shape back. Other programs may refuse them.
    ///
    /// ```
    /// use omnigen2_gguf::{BlockType, TensorPlan};
    ///
    /// let plan = TensorPlan::flattened("weight", &[2520, 2520], BlockType::Q8_0);
    /// assert_eq!(plan.stored_shape(), [198_450, 32]);
    /// ```
    pub fn flattened(name: impl Into<String>, shape: &[usize], block_type: BlockType) -> Self {
        let plan = Self::new(name, shape, block_type);
        let numbers = shape.iter().try_fold(1usize, |product, &axis| product.checked_mul(axis));
        let Some(numbers) = numbers.filter(|_| plan.bytes().is_err()) else { return plan };
        let rows = [FLAT_ROW, block_type.block_len()];
        let row = rows.into_iter().find(|&row| row > 1 && numbers > 0 && numbers.is_multiple_of(row));
        Self { stored_shape: row.map_or_else(|| vec![numbers], |row| vec![numbers / row, row]), ..plan }
    }

    /// The tensor's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The shape in PyTorch's order.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The shape in which the numbers are made blocks.
    pub fn stored_shape(&self) -> &[usize] {
        &self.stored_shape
    }

    /// The type of the numbers.
    pub fn block_type(&self) -> BlockType {
        self.block_type
    }

    fn bytes(&self) -> Result<u64, Fault> {
        let shape: Vec<_> = self.stored_shape.iter().map(|&axis| axis as u64).collect();
        tensor::bytes_of(&shape, self.block_type)
    }

    /// The pair that tells the shape of a flattened tensor.
    fn pair(&self) -> Option<Result<(String, Value), Fault>> {
        if self.shape == self.stored_shape {
            return None;
        }
        let too_large = |_| Fault::TooLarge { shape: self.shape.iter().map(|&axis| axis as u64).collect() };
        let shape = self.shape.iter().map(|&axis| i32::try_from(axis)).collect::<Result<_, _>>();
        let pair = |shape| (format!("{ORIGINAL_SHAPE}{}", self.name), Value::Array(Array::I32(shape)));
        Some(shape.map(pair).map_err(too_large))
    }
}

impl Plan {
    /// Lays a file out, of metadata and tensors in this order. `general.alignment` among the metadata is heeded.
    ///
    /// Programs of llama.cpp's family want a pair `general.architecture`, and names of at most 63 bytes.
    ///
    /// # Errors
    /// If a name is there twice, or a tensor cannot be stored: the error names it.
    pub fn new(mut metadata: Vec<(String, Value)>, tensors: Vec<TensorPlan>) -> Result<Self, GgufError> {
        for tensor in &tensors {
            let pair = tensor.pair().transpose().map_err(|fault| fault.of(Part::tensor(&tensor.name)))?;
            metadata.extend(pair);
        }
        let mut head = MAGIC.to_vec();
        VERSION.append(&mut head);
        (tensors.len() as u64).append(&mut head);
        (metadata.len() as u64).append(&mut head);
        let alignment = pairs(&metadata, &mut head)?;
        let (tensors, data) = infos(tensors, alignment, &mut head)?;
        let size = (head.len() as u64).next_multiple_of(alignment) + data;
        Ok(Self { head, tensors, alignment, size })
    }

    /// The bytes of the whole file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The bytes of the file before those of the first tensor.
    pub fn header(&self) -> Vec<u8> {
        let mut header = self.head.clone();
        header.resize(header.len().next_multiple_of(self.alignment as usize), 0);
        header
    }

    /// Writes the header; the tensors are to follow.
    ///
    /// # Errors
    /// If the writer fails.
    pub fn begin<W: Write>(self, out: W) -> io::Result<Writer<W>> {
        Writer::begin(out, &self.head, self.tensors, self.alignment)
    }
}

/// Appends all pairs, and gives the alignment that they tell.
fn pairs(metadata: &[(String, Value)], head: &mut Vec<u8>) -> Result<u64, GgufError> {
    let mut keys = BTreeSet::new();
    for (key, value) in metadata {
        if !keys.insert(key) {
            return Err(Fault::Duplicate.of(Part::pair(key)));
        }
        key.append(head);
        encode::value(value, head).map_err(|fault| fault.of(Part::pair(key)))?;
    }
    let told = metadata.iter().find(|(key, _)| key == header::ALIGNMENT);
    header::alignment(told.map(|(_, value)| value)).map(|alignment| alignment as u64)
}

/// Appends what the header says of all tensors, and gives the bytes of each and of all.
fn infos(
    tensors: Vec<TensorPlan>,
    alignment: u64,
    head: &mut Vec<u8>,
) -> Result<(Vec<Pending>, u64), GgufError> {
    let mut names = BTreeSet::new();
    let mut pending = Vec::new();
    let mut offset = 0u64;
    for tensor in tensors {
        let wrong = |fault: Fault| fault.of(Part::tensor(&tensor.name));
        if !names.insert(tensor.name.clone()) {
            return Err(wrong(Fault::Duplicate));
        }
        let bytes = tensor.bytes().map_err(wrong)?;
        tensor.name.append(head);
        (tensor.stored_shape.len() as u32).append(head);
        for &axis in tensor.stored_shape.iter().rev() {
            (axis as u64).append(head);
        }
        tensor.block_type.id().append(head);
        offset.append(head);
        let end = offset.checked_add(bytes).and_then(|end| end.checked_next_multiple_of(alignment));
        offset = end.ok_or_else(|| {
            wrong(Fault::TooLarge { shape: tensor.shape.iter().map(|&axis| axis as u64).collect() })
        })?;
        pending.push(Pending { name: tensor.name, bytes });
    }
    Ok((pending, offset))
}
