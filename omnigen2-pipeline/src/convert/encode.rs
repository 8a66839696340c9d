//! Tensors as the bytes of a file.

use burn::tensor::{Bytes, DType};
use omnigen2_gguf::BlockType;
use safetensors::Dtype;

use super::blocks::quantise;
use super::error::ConvertError;
use crate::Result;
use crate::weights::{Element, Entry};

/// Numbers that are made blocks at a time: so many are in memory.
const BAND: usize = 1 << 22;

/// The type of floats in which a tensor is there to be converted; none if it has none.
pub(super) fn float(entry: &Entry) -> Option<DType> {
    match entry.element() {
        // No device computes with it here, and half of it is enough.
        Element::F64 => Some(DType::F32),
        element => element.float(),
    }
}

/// The bytes of a tensor in a type, or as they are where it is the tensor's own.
pub(super) fn stored_as(entry: &Entry, dtype: Dtype) -> Result<Bytes> {
    let to = match dtype {
        _ if *entry.element() == dtype.into() => return Ok(entry.shared()?),
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        _ => DType::F32,
    };
    Ok(entry.at_rest(to)?)
}

/// Gives the bytes of a tensor in a type, or as they are where it is the tensor's own, part by part; tells how many.
pub(super) fn in_blocks(
    entry: &Entry,
    kind: BlockType,
    mut write: impl FnMut(&[u8]) -> Result<()>,
) -> Result<usize> {
    let mut written = 0;
    let mut write = |bytes: &[u8]| {
        written += bytes.len();
        write(bytes)
    };
    let float = match kind {
        BlockType::F32 => Some(DType::F32),
        BlockType::F16 => Some(DType::F16),
        BlockType::Bf16 => Some(DType::BF16),
        _ => None,
    };
    match float {
        _ if *entry.element() == kind.into() => write(&entry.shared()?)?,
        Some(dtype) => write(&entry.at_rest(dtype)?)?,
        None => {
            for numbers in entry.bands(BAND)? {
                let failed = |value| ConvertError::Number {
                    path: entry.file().into(),
                    tensor: entry.name().into(),
                    value,
                    blocks: kind,
                };
                write(&quantise(kind, &numbers).map_err(failed)?)?;
            }
        }
    }
    Ok(written)
}
