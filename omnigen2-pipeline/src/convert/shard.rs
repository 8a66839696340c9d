use std::collections::HashMap;
use std::fs;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use burn::tensor::DType;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use super::error::ConvertError;
use super::folder::create_folder;
use crate::Result;
use crate::weights::{Archive, Element, Entry, Storage, WeightsError};
use omnigen2_files::{Draft, open_regular};

/// Data begin at a multiple of this.
const ALIGNMENT: usize = 8;

/// A file of weights to be written in another type.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) to: PathBuf,
    entries: Vec<Entry>,
    storage: Storage,
    /// The header as it will stand in the file, after its length.
    header: Vec<u8>,
    bytes: u64,
}

impl Shard {
    pub(super) fn open(from: &Path, to: PathBuf, storage: Storage) -> Result<Self> {
        let entries: Vec<Entry> = Archive::open(from)?.into_entries().collect();
        let mut tensors = Vec::with_capacity(entries.len());
        let mut end = 0;
        for entry in &entries {
            let dtype = target(entry, storage)?;
            let start = end;
            end += entry.parameters() * dtype.bitsize() / 8;
            let info = TensorInfo { dtype, shape: entry.shape().to_vec(), data_offsets: (start, end) };
            tensors.push((entry.name().to_owned(), info));
        }
        let failed = |source: std::io::Error| ConvertError::Read { path: from.into(), source };
        let origin = origin(from).map_err(failed)?;
        let metadata = Metadata::new(Some(origin), tensors).map_err(|e| failed(std::io::Error::other(e)))?;
        let header = header(&metadata).map_err(|e| failed(e.into()))?;
        Ok(Self { to, entries, storage, header, bytes: end as u64 })
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A file has its name only once it is whole, and its header names what it was made from.
    pub(super) fn is_there(&self) -> bool {
        let mut found = vec![0; self.header.len()];
        let Ok(mut file) = open_regular(&self.to) else { return false };
        let length = file.metadata().map(|found| found.len()).unwrap_or_default();
        length == self.header.len() as u64 + self.bytes
            && file.read_exact(&mut found).is_ok()
            && found == self.header
    }

    fn failed(&self, source: std::io::Error) -> ConvertError {
        ConvertError::Write { path: self.to.clone(), source }
    }
}

/// A shard on its way; dropped before it is whole, it leaves nothing.
#[derive(Debug)]
pub(super) struct ShardWriter {
    shard: Shard,
    file: BufWriter<Draft>,
    written: usize,
}

impl ShardWriter {
    pub(super) fn begin(shard: Shard) -> Result<Self> {
        create_folder(shard.to.parent().unwrap_or(Path::new(".")))?;
        let failed = |source| ConvertError::Write { path: shard.to.clone(), source };
        let mut file = BufWriter::new(Draft::beside(&shard.to).map_err(failed)?);
        file.write_all(&shard.header).map_err(failed)?;
        Ok(Self { shard, file, written: 0 })
    }

    pub(super) fn path(&self) -> &Path {
        &self.shard.to
    }

    /// The bytes of the next tensor; none if there is no more.
    pub(super) fn write_tensor(&mut self) -> Result<Option<u64>> {
        let Some(entry) = self.shard.entries.get(self.written) else { return Ok(None) };
        let bytes = stored_as(entry, target(entry, self.shard.storage)?)?;
        self.file.write_all(&bytes).map_err(|source| self.shard.failed(source))?;
        self.written += 1;
        Ok(Some(bytes.len() as u64))
    }

    pub(super) fn finish(self) -> Result<()> {
        let Self { shard, file, .. } = self;
        let flushed = file.into_inner().map_err(|error| error.into_error());
        Ok(flushed.and_then(Draft::finish).map_err(|source| shard.failed(source))?)
    }
}

/// The type in which a tensor is written; what is no float stays as it is.
fn target(entry: &Entry, storage: Storage) -> Result<Dtype> {
    let stored = match entry.element() {
        // No device computes with it here, and half of it is enough.
        Element::F64 => DType::F32,
        element => match element.float() {
            Some(stored) => stored,
            None => return named(entry),
        },
    };
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

/// The texts that tell whether a file was made from the same one, and the one that transformers asks for.
fn origin(from: &Path) -> std::io::Result<HashMap<String, String>> {
    let found = fs::metadata(from)?;
    let modified = found.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let name = from.file_name().unwrap_or_default().to_string_lossy();
    let origin = format!("{name}, {} bytes, {modified}", found.len());
    Ok(HashMap::from([("format".into(), "pt".into()), ("converted from".into(), origin)]))
}

fn header(metadata: &Metadata) -> serde_json::Result<Vec<u8>> {
    // Through a value, whose fields are sorted: the same header is the same bytes.
    let mut text = serde_json::to_vec(&serde_json::to_value(metadata)?)?;
    text.resize(text.len().next_multiple_of(ALIGNMENT), b' ');
    Ok([&(text.len() as u64).to_le_bytes()[..], &text].concat())
}

/// The bytes of a tensor in a type, or as they are where it is the tensor's own.
fn stored_as(entry: &Entry, dtype: Dtype) -> Result<burn::tensor::Bytes> {
    let to = match dtype {
        _ if *entry.element() == dtype.into() => return Ok(entry.shared()?),
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        _ => DType::F32,
    };
    Ok(entry.at_rest(to)?)
}
