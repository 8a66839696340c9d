use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::Metadata;

use crate::{Container, Data, Element, MappedFile, StoredTensor, WeightsError};

const LENGTH_BYTES: usize = size_of::<u64>();
/// Longer headers are refused by the format's own reader too.
const LONGEST_HEADER: u64 = 100_000_000;

/// A file of the safetensors format, on disk or inside of this program.
#[derive(Debug)]
pub(crate) struct SafetensorsFile {
    path: PathBuf,
    whole: Whole,
    header: Metadata,
    /// The place in the file where the tensors' data begin.
    start: usize,
}

#[derive(Debug)]
enum Whole {
    Disk(MappedFile),
    Program(&'static [u8]),
}

impl SafetensorsFile {
    pub(crate) fn mapped(path: &Path, file: MappedFile) -> Result<Self, WeightsError> {
        Self::read(path, Whole::Disk(file))
    }

    pub(crate) fn embedded(path: &Path, bytes: &'static [u8]) -> Result<Self, WeightsError> {
        Self::read(path, Whole::Program(bytes))
    }

    fn read(path: &Path, whole: Whole) -> Result<Self, WeightsError> {
        let bytes = whole.bytes();
        let found = bytes.len() as u64;
        let length = |expected| WeightsError::Length { path: path.to_owned(), expected, found };
        let header = bytes.first_chunk::<LENGTH_BYTES>().ok_or(length(LENGTH_BYTES as u64))?;
        let header = u64::from_le_bytes(*header);
        let start = header.saturating_add(LENGTH_BYTES as u64);
        if start > found || header > LONGEST_HEADER {
            return Err(length(start));
        }
        let start = start as usize;
        // Checked while read: offsets follow each other without gap, and each span is as long as shape and type say.
        let header: Metadata = serde_json::from_slice(&bytes[LENGTH_BYTES..start])
            .map_err(|source| WeightsError::header(path, source))?;
        let end = (start as u64).saturating_add(header.data_len() as u64);
        if end != found {
            return Err(length(end));
        }
        Ok(Self { path: path.to_owned(), whole, header, start })
    }

    fn data(&self, (start, end): (usize, usize)) -> Option<Data> {
        self.whole.data(self.start + start..self.start + end)
    }
}

impl Container for SafetensorsFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn tensors(&self) -> Result<Vec<StoredTensor>, WeightsError> {
        let length = |end| WeightsError::Length {
            path: self.path.clone(),
            expected: end,
            found: self.whole.bytes().len() as u64,
        };
        let tensors = self.header.tensors().into_iter().map(|(name, info)| {
            let end = self.start + info.data_offsets.1;
            let data = self.data(info.data_offsets).ok_or_else(|| length(end as u64))?;
            Ok(StoredTensor { name, element: info.dtype.into(), shape: info.shape.clone(), data })
        });
        tensors.collect()
    }

    fn metadata(&self) -> Result<BTreeMap<String, String>, WeightsError> {
        let texts = self.header.metadata().iter().flatten();
        Ok(texts.map(|(key, text)| (key.clone(), text.clone())).collect())
    }
}

impl Whole {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Disk(file) => file.bytes(),
            Self::Program(bytes) => bytes,
        }
    }

    fn data(&self, range: Range<usize>) -> Option<Data> {
        match self {
            Self::Disk(file) => file.data(range),
            Self::Program(bytes) => bytes.get(range).map(Data::from),
        }
    }
}

impl From<Dtype> for Element {
    fn from(dtype: Dtype) -> Self {
        match dtype {
            Dtype::F64 => Self::F64,
            Dtype::F32 => Self::F32,
            Dtype::F16 => Self::F16,
            Dtype::BF16 => Self::Bf16,
            Dtype::F8_E4M3 => Self::F8E4m3,
            Dtype::F8_E5M2 => Self::F8E5m2,
            other => Self::Other(other.to_string()),
        }
    }
}
