use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::cursor::Cursor;
use crate::error::{Fault, GgufError, Part, shown, shown_value};
use crate::tensor::{self, Tensor};
use crate::{Array, BlockType, Value};

/// The first bytes of every file.
pub const MAGIC: [u8; 4] = *b"GGUF";
/// The key of the alignment.
pub(crate) const ALIGNMENT: &str = "general.alignment";
/// The alignment of a file that tells none.
pub(crate) const DEFAULT_ALIGNMENT: usize = 32;
/// The key of the shape that a tensor had before it was flattened, with the tensor's name after it.
///
/// Source: ComfyUI-GGUF, `loader.py`.
pub(crate) const ORIGINAL_SHAPE: &str = "comfy.gguf.orig_shape.";

/// The most axes that are read at all, so that an error can tell how many there are.
const CLAIMED_AXES: u32 = 64;

/// The header of a GGUF file: metadata by key, and tensors by name.
///
/// ```
/// use omnigen2_gguf::{Fault, Header};
///
/// let empty = [b"GGUF".as_slice(), &3u32.to_le_bytes(), &[0; 16]].concat();
/// assert!(Header::parse(&empty)?.tensors().is_empty());
///
/// let error = Header::parse(b"PK\x03\x04").unwrap_err();
/// assert!(matches!(error.fault, Fault::NotGguf { .. }));
/// # Ok::<(), omnigen2_gguf::GgufError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    version: u32,
    alignment: usize,
    metadata: BTreeMap<String, Value>,
    tensors: BTreeMap<String, Tensor>,
}

/// A tensor as the header has it.
struct Claim {
    /// In PyTorch's order.
    shape: Vec<u64>,
    kind: BlockType,
    offset: u64,
    bytes: u64,
}

impl Header {
    /// Reads the header of a file, which is given whole, such as a mapped one: versions 2 and 3, little-endian. The
    /// tensors' bytes are not looked at.
    ///
    /// It takes memory in proportion to the header's own bytes, whatever counts they claim.
    ///
    /// # Errors
    /// If a part is at fault; the error names it.
    pub fn parse(file: &[u8]) -> Result<Self, GgufError> {
        let mut cursor = Cursor::new(file);
        let preamble = preamble(&mut cursor).map_err(|fault| fault.of(Part::Preamble))?;
        let mut metadata = BTreeMap::new();
        for at in 0..preamble.pairs {
            pair(&mut cursor, at, &mut metadata)?;
        }
        let mut claims = BTreeMap::new();
        for at in 0..preamble.tensors {
            claim(&mut cursor, at, &mut claims)?;
        }
        let alignment = alignment(metadata.get(ALIGNMENT))?;
        let data = Data {
            start: cursor.at().checked_next_multiple_of(alignment).unwrap_or(usize::MAX),
            end: file.len(),
            alignment,
        };
        let mut tensors = BTreeMap::new();
        for (name, claim) in claims {
            let tensor = data.place(claim).map_err(|fault| fault.of(Part::tensor(&name)))?;
            tensors.insert(name, tensor);
        }
        distinct(&tensors)?;
        for (name, tensor) in &mut tensors {
            restore_shape(name, tensor, &metadata)?;
        }
        Ok(Self { version: preamble.version, alignment, metadata, tensors })
    }

    /// The version of the format.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The number of bytes by multiples of which tensors begin.
    pub fn alignment(&self) -> usize {
        self.alignment
    }

    /// The metadata, by key.
    pub fn metadata(&self) -> &BTreeMap<String, Value> {
        &self.metadata
    }

    /// The tensors, by name.
    pub fn tensors(&self) -> &BTreeMap<String, Tensor> {
        &self.tensors
    }
}

struct Preamble {
    version: u32,
    tensors: u64,
    pairs: u64,
}

fn preamble(cursor: &mut Cursor<'_>) -> Result<Preamble, Fault> {
    let magic: [u8; 4] = cursor.array()?;
    if magic != MAGIC {
        return Err(Fault::NotGguf { found: String::from_utf8_lossy(&magic).into() });
    }
    let version = cursor.read()?;
    match version {
        2 | 3 => Ok(Preamble { version, tensors: cursor.read()?, pairs: cursor.read()? }),
        found if found & 0xffff == 0 => Err(Fault::BigEndian),
        found => Err(Fault::Version { found }),
    }
}

fn pair(cursor: &mut Cursor<'_>, at: u64, metadata: &mut BTreeMap<String, Value>) -> Result<(), GgufError> {
    let key: String = cursor.read().map_err(|fault| fault.of(Part::PairAt(at)))?;
    let value = cursor.value().map_err(|fault| fault.of(Part::pair(&key)))?;
    insert(metadata, key, value).map_err(|key| Fault::Duplicate.of(Part::pair(&key)))
}

fn claim(cursor: &mut Cursor<'_>, at: u64, claims: &mut BTreeMap<String, Claim>) -> Result<(), GgufError> {
    let name: String = cursor.read().map_err(|fault| fault.of(Part::TensorAt(at)))?;
    let claim = claimed(cursor).map_err(|fault| fault.of(Part::tensor(&name)))?;
    insert(claims, name, claim).map_err(|name| Fault::Duplicate.of(Part::tensor(&name)))
}

fn claimed(cursor: &mut Cursor<'_>) -> Result<Claim, Fault> {
    let axes: u32 = cursor.read()?;
    if axes > CLAIMED_AXES {
        return Err(Fault::Axes { found: axes.into() });
    }
    let mut shape: Vec<u64> = cursor.items(axes.into())?;
    shape.reverse();
    let kind = BlockType::from_id(cursor.read()?)?;
    let offset = cursor.read()?;
    let bytes = tensor::bytes_of(&shape, kind)?;
    Ok(Claim { shape, kind, offset, bytes })
}

/// Adds an entry, or gives the name back if it is there already.
fn insert<T>(map: &mut BTreeMap<String, T>, name: String, item: T) -> Result<(), String> {
    match map.entry(name) {
        Entry::Occupied(entry) => Err(entry.key().clone()),
        Entry::Vacant(entry) => {
            entry.insert(item);
            Ok(())
        }
    }
}

pub(crate) fn alignment(told: Option<&Value>) -> Result<usize, GgufError> {
    match told {
        None => Ok(DEFAULT_ALIGNMENT),
        Some(Value::U32(alignment)) if alignment.is_power_of_two() => Ok(*alignment as usize),
        Some(other) => Err(Fault::Alignment { found: shown_value(other) }.of(Part::pair(ALIGNMENT))),
    }
}

/// The place of the tensors' bytes.
struct Data {
    start: usize,
    end: usize,
    alignment: usize,
}

impl Data {
    fn place(&self, claim: Claim) -> Result<Tensor, Fault> {
        let Claim { shape, kind, offset, bytes } = claim;
        if !offset.is_multiple_of(self.alignment as u64) {
            return Err(Fault::Unaligned { offset, alignment: self.alignment });
        }
        let found = self.end.saturating_sub(self.start);
        let end = offset.checked_add(bytes).filter(|&end| end <= found as u64);
        let end = end.ok_or(Fault::Outside { offset, needed: bytes, found })?;
        // Both are at most the file's length.
        let range = self.start + offset as usize..self.start + end as usize;
        let shape: Vec<_> = shape.into_iter().map(|axis| axis as usize).collect();
        Ok(Tensor { stored_shape: shape.clone(), shape, block_type: kind, range })
    }
}

fn distinct(tensors: &BTreeMap<String, Tensor>) -> Result<(), GgufError> {
    let mut ranges: Vec<_> = tensors.iter().map(|(name, tensor)| (tensor.range(), name)).collect();
    ranges.sort_by_key(|(range, _)| range.start);
    let overlap = ranges.windows(2).find(|pair| pair[1].0.start < pair[0].0.end);
    overlap.map_or(Ok(()), |pair| {
        let other = format!("`{}`", shown(pair[0].1));
        Err(Fault::Overlap { other }.of(Part::tensor(pair[1].1)))
    })
}

fn restore_shape(
    name: &str,
    tensor: &mut Tensor,
    metadata: &BTreeMap<String, Value>,
) -> Result<(), GgufError> {
    let key = format!("{ORIGINAL_SHAPE}{name}");
    let Some(value) = metadata.get(&key) else { return Ok(()) };
    let numbers = tensor.numbers();
    let shape = original_shape(value).filter(|shape| {
        shape.iter().try_fold(1usize, |product, &axis| product.checked_mul(axis)) == Some(numbers)
    });
    let wrong = || Fault::OriginalShape { found: shown_value(value), numbers };
    tensor.shape = shape.ok_or_else(|| wrong().of(Part::pair(&key)))?;
    Ok(())
}

fn original_shape(value: &Value) -> Option<Vec<usize>> {
    match value {
        Value::Array(Array::I32(shape)) => shape.iter().map(|&axis| usize::try_from(axis).ok()).collect(),
        _ => None,
    }
}
