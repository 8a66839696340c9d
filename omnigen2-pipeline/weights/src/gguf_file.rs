use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use omnigen2_gguf::{BlockType, Header, MAGIC, Value};

use crate::{Container, Element, MappedFile, StoredTensor, WeightsError};

/// A file of the GGUF format.
#[derive(Debug)]
pub(crate) struct GgufFile {
    path: PathBuf,
    file: MappedFile,
    header: Header,
}

impl GgufFile {
    /// Tells whether a file begins as those of this format do.
    pub(crate) fn is_one(file: &MappedFile) -> bool {
        file.bytes().starts_with(&MAGIC)
    }

    pub(crate) fn read(path: &Path, file: MappedFile) -> Result<Self, WeightsError> {
        let header = Header::parse(file.bytes())
            .map_err(|fault| WeightsError::Gguf { path: path.to_owned(), fault: fault.into() })?;
        Ok(Self { path: path.to_owned(), file, header })
    }
}

impl Container for GgufFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn tensors(&self) -> Result<Vec<StoredTensor>, WeightsError> {
        let tensors = self.header.tensors().iter().map(|(name, tensor)| {
            let end = tensor.range().end as u64;
            let length = || WeightsError::Length {
                path: self.path.clone(),
                expected: end,
                found: self.file.bytes().len() as u64,
            };
            Ok(StoredTensor {
                name: name.clone(),
                element: tensor.block_type().into(),
                shape: tensor.shape().to_vec(),
                data: self.file.data(tensor.range()).ok_or_else(length)?,
            })
        });
        tensors.collect()
    }

    fn metadata(&self) -> Result<BTreeMap<String, String>, WeightsError> {
        let texts = self.header.metadata().iter();
        Ok(texts.filter_map(|(key, value)| Some((key.clone(), Value::as_str(value)?.to_owned()))).collect())
    }
}

impl From<BlockType> for Element {
    fn from(kind: BlockType) -> Self {
        match kind {
            BlockType::F32 => Self::F32,
            BlockType::F16 => Self::F16,
            BlockType::Bf16 => Self::Bf16,
            kind => Self::Blocks(kind),
        }
    }
}
