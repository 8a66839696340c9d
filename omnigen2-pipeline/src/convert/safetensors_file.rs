//! Files of the safetensors format, planned.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use burn::tensor::DType;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use super::encode::float;
use super::error::ConvertError;
use super::origin::origin;
use super::shard::{Shard, Tensors};
use crate::Result;
use crate::weights::{Archive, Entry, Storage, WeightsError};

/// Data begin at a multiple of this.
const ALIGNMENT: usize = 8;

/// A file whose tensors have another type.
pub(super) fn shard(from: &Path, to: PathBuf, storage: Storage) -> Result<Shard> {
    let mut tensors = Vec::new();
    let mut infos = Vec::new();
    let mut end = 0;
    for entry in Archive::open(from)?.into_entries() {
        let dtype = target(&entry, storage)?;
        let start = end;
        end += entry.parameters() * dtype.bitsize() / 8;
        let info = TensorInfo { dtype, shape: entry.shape().to_vec(), data_offsets: (start, end) };
        infos.push((entry.name().to_owned(), info));
        tensors.push((entry, dtype));
    }
    let failed = |source: std::io::Error| ConvertError::Read { path: from.into(), source };
    // The texts that tell whether a file was made from the same one, and the one that transformers asks for.
    let texts = [("format".into(), "pt".into()), ("converted from".into(), origin(from).map_err(failed)?)];
    let metadata = Metadata::new(Some(HashMap::from(texts)), infos);
    let metadata = metadata.map_err(|e| failed(std::io::Error::other(e)))?;
    let header = header(&metadata).map_err(|e| failed(e.into()))?;
    Ok(Shard { to, tensors: Tensors::Safetensors { header, tensors }, bytes: end as u64 })
}

/// The type in which a tensor is written; what is no float stays as it is.
fn target(entry: &Entry, storage: Storage) -> Result<Dtype> {
    let Some(stored) = float(entry) else { return named(entry) };
    Ok(match storage.in_file(stored, entry.shape()) {
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        _ => Dtype::F32,
    })
}

/// The type of what is no float, by the name that it has in safetensors files.
fn named(entry: &Entry) -> Result<Dtype> {
    let known = serde_json::from_value(entry.type_name().into());
    known.map_err(|_| {
        let (path, tensor) = (entry.file().to_owned(), entry.name().to_owned());
        WeightsError::Type { path, tensor, found: entry.element().clone() }.into()
    })
}

fn header(metadata: &Metadata) -> serde_json::Result<Vec<u8>> {
    // Through a value, whose fields are sorted: the same header is the same bytes.
    let mut text = serde_json::to_vec(&serde_json::to_value(metadata)?)?;
    text.resize(text.len().next_multiple_of(ALIGNMENT), b' ');
    Ok([&(text.len() as u64).to_le_bytes()[..], &text].concat())
}
