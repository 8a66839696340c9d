use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use omnigen2_gguf::{Plan, Writer};
use safetensors::Dtype;

use super::encode::{in_blocks, stored_as};
use super::error::ConvertError;
use super::folder::create_folder;
use crate::Result;
use crate::weights::Entry;
use omnigen2_files::{Draft, open_regular};
use omnigen2_gguf::BlockType;

/// A file of weights to be written.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) to: PathBuf,
    pub(super) tensors: Tensors,
    /// The bytes of all tensors.
    pub(super) bytes: u64,
}

/// The tensors of a file, what becomes of each, and how the file begins.
#[derive(Debug)]
pub(super) enum Tensors {
    /// After its length, the header stands in the file as it is here.
    Safetensors {
        header: Vec<u8>,
        tensors: Vec<(Entry, Dtype)>,
    },
    Gguf {
        plan: Plan,
        tensors: Vec<(Entry, BlockType)>,
    },
}

impl Shard {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A file has its name only once it is whole, and its header names what it was made from.
    pub(super) fn is_there(&self) -> bool {
        let (header, size) = match &self.tensors {
            Tensors::Safetensors { header, .. } => (header.clone(), header.len() as u64 + self.bytes),
            Tensors::Gguf { plan, .. } => (plan.header(), plan.size()),
        };
        let mut found = vec![0; header.len()];
        let Ok(mut file) = open_regular(&self.to) else { return false };
        let length = file.metadata().map(|found| found.len()).unwrap_or_default();
        length == size && file.read_exact(&mut found).is_ok() && found == header
    }
}

/// A shard on its way; dropped before it is whole, it leaves nothing.
#[derive(Debug)]
pub(super) struct ShardWriter {
    path: PathBuf,
    out: Out,
    written: usize,
}

#[derive(Debug)]
enum Out {
    Safetensors { file: BufWriter<Draft>, tensors: Vec<(Entry, Dtype)> },
    Gguf { writer: Writer<BufWriter<Draft>>, tensors: Vec<(Entry, BlockType)> },
}

impl ShardWriter {
    pub(super) fn begin(shard: Shard) -> Result<Self> {
        let path = shard.to;
        create_folder(path.parent().unwrap_or(Path::new(".")))?;
        let failed = |source| ConvertError::Write { path: path.clone(), source };
        let mut file = BufWriter::new(Draft::beside(&path).map_err(failed)?);
        let out = match shard.tensors {
            Tensors::Safetensors { header, tensors } => {
                file.write_all(&header).map_err(failed)?;
                Out::Safetensors { file, tensors }
            }
            Tensors::Gguf { plan, tensors } => {
                Out::Gguf { writer: plan.begin(file).map_err(failed)?, tensors }
            }
        };
        Ok(Self { path, out, written: 0 })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes of the next tensor; none if there is no more.
    pub(super) fn write_tensor(&mut self) -> Result<Option<u64>> {
        let failed = |source| ConvertError::Write { path: self.path.clone(), source };
        let bytes = match &mut self.out {
            Out::Safetensors { file, tensors } => {
                let Some((entry, dtype)) = tensors.get(self.written) else { return Ok(None) };
                let bytes = stored_as(entry, *dtype)?;
                file.write_all(&bytes).map_err(failed)?;
                bytes.len()
            }
            Out::Gguf { writer, tensors } => {
                let Some((entry, kind)) = tensors.get(self.written) else { return Ok(None) };
                let write = |bytes: &[u8]| Ok(writer.write(entry.name(), bytes).map_err(failed)?);
                in_blocks(entry, *kind, write)?
            }
        };
        self.written += 1;
        Ok(Some(bytes as u64))
    }

    pub(super) fn finish(self) -> Result<()> {
        let Self { path, out, .. } = self;
        let file = match out {
            Out::Safetensors { file, .. } => Ok(file),
            Out::Gguf { writer, .. } => writer.finish(),
        };
        let flushed = file.and_then(|file| file.into_inner().map_err(|error| error.into_error()));
        Ok(flushed.and_then(Draft::finish).map_err(|source| ConvertError::Write { path, source })?)
    }
}
