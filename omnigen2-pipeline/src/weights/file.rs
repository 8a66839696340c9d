use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use memmap2::Mmap;
use safetensors::tensor::{Metadata, TensorInfo};

use super::{Entry, WeightsError};

const LENGTH_BYTES: usize = size_of::<u64>();

/// The whole of a file.
#[derive(Debug)]
pub(super) enum Held {
    /// As pages of the page cache.
    Map(Mmap),
    /// As a part of this program.
    Program(&'static [u8]),
}

impl Held {
    fn open(path: &Path) -> Result<Self, WeightsError> {
        let failed = |source| WeightsError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        // A folder or a device can be opened too, but has no length to map.
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, "not a regular file")));
        }
        // SAFETY: checkpoints are written once; a program that shortens one while it is in use ends this one.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(&file) }.map_err(failed)?;
        Ok(Self::Map(map))
    }

    /// Takes pages out of this process; the system may keep them in its cache, and reading brings them back.
    #[cfg(unix)]
    pub(super) fn give_back(&self, range: Range<usize>) {
        let Self::Map(map) = self else { return };
        // SAFETY: the map is read-only and of a file, so that a page which is read again is the same.
        #[allow(unsafe_code)]
        let _ = unsafe {
            map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, range.start, range.len())
        };
    }

    #[cfg(not(unix))]
    pub(super) fn give_back(&self, _: Range<usize>) {}

    /// Lets the system read pages from the disk while other work is done.
    #[cfg(unix)]
    pub(super) fn read_ahead(&self, range: Range<usize>) {
        if let Self::Map(map) = self {
            let _ = map.advise_range(memmap2::Advice::WillNeed, range.start, range.len());
        }
    }

    #[cfg(not(unix))]
    pub(super) fn read_ahead(&self, _: Range<usize>) {}
}

/// A hold on a file, which ends with the last of them.
struct Hold(Arc<Held>);

impl AsRef<[u8]> for Hold {
    fn as_ref(&self) -> &[u8] {
        match &*self.0 {
            Held::Map(map) => map,
            Held::Program(bytes) => bytes,
        }
    }
}

/// The whole of a file.
pub(super) fn map(path: &Path) -> Result<Bytes, WeightsError> {
    Ok(Bytes::from_owner(Hold(Held::open(path)?.into())))
}

/// The tensors of one safetensors file, their data left in the file.
pub(super) fn entries(path: &Path) -> Result<BTreeMap<String, Entry>, WeightsError> {
    entries_of(path, Held::open(path)?)
}

/// The tensors of a safetensors file of this path.
pub(super) fn entries_of(path: &Path, held: Held) -> Result<BTreeMap<String, Entry>, WeightsError> {
    let map = Arc::new(held);
    let bytes = Bytes::from_owner(Hold(map.clone()));
    let length =
        |expected| WeightsError::Length { path: path.to_owned(), expected, found: bytes.len() as u64 };
    let header = bytes.first_chunk::<LENGTH_BYTES>().ok_or(length(LENGTH_BYTES as u64))?;
    let header = u64::from_le_bytes(*header);
    let start = header.saturating_add(LENGTH_BYTES as u64);
    if start > bytes.len() as u64 {
        return Err(length(start));
    }
    let start = start as usize;
    // Checked while read: offsets follow each other without gap, and each span is as long as shape and type say.
    let metadata: Metadata = serde_json::from_slice(&bytes[LENGTH_BYTES..start])
        .map_err(|source| WeightsError::Header { path: path.to_owned(), source })?;
    let end = (start as u64).saturating_add(metadata.data_len() as u64);
    if end != bytes.len() as u64 {
        return Err(length(end));
    }
    let file: Arc<Path> = path.into();
    let entry = |(name, info): (String, &TensorInfo)| {
        let span = start + info.data_offsets.0..start + info.data_offsets.1;
        let entry = Entry {
            name: name.clone(),
            dtype: info.dtype,
            shape: info.shape.clone(),
            bytes: bytes.slice(span.clone()),
            start: span.start,
            map: map.clone(),
            file: file.clone(),
        };
        (name, entry)
    };
    Ok(metadata.tensors().into_iter().map(entry).collect())
}
