use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::prelude::*;

use super::file::{Held, entries, entries_of};
use super::locate::{Index, Located, locate};
use super::{Entry, Storage, Summary, WeightsError};

/// The tensors of one component's weights: names, types and shapes from the headers, data left in the files.
#[derive(Clone, Debug)]
pub struct Archive {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
}

impl Archive {
    /// Opens a component's folder, its index, or one safetensors file. In a folder with an index only the
    /// files that its `weight_map` names are read; without one it must hold a single safetensors file, or one
    /// of the name that diffusers or transformers give it. Only headers are read.
    ///
    /// # Errors
    /// If files are missing, cut off, or contradict their index or themselves.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WeightsError> {
        let path = path.as_ref().to_owned();
        let entries = match locate(&path)? {
            Located::File(file) => entries(&file)?,
            Located::Shards(index) => gather(&index)?,
        };
        Ok(Self { path, entries })
    }

    /// Opens the contents of a safetensors file inside this program. `path` is what errors call it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn embedded(path: impl AsRef<Path>, bytes: &'static [u8]) -> Result<Self, WeightsError> {
        let path = path.as_ref().to_owned();
        Ok(Self { entries: entries_of(&path, Held::Program(bytes))?, path })
    }

    /// What was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All tensors, in order of their names.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// All tensors, in order of their names.
    pub(crate) fn into_entries(self) -> impl Iterator<Item = Entry> {
        self.entries.into_values()
    }

    /// The tensor of this name, if there is one.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Whether there is a tensor of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// Whether the name of any tensor begins with `prefix`.
    pub fn has_prefix(&self, prefix: &str) -> bool {
        self.with_prefix(prefix).next().is_some()
    }

    /// The tensors whose names begin with `prefix`, in order of their names.
    pub fn with_prefix(&self, prefix: &str) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries
            .range(prefix.to_owned()..)
            .map(|(name, entry)| (name.as_str(), entry))
            .take_while(move |(name, _)| name.starts_with(prefix))
    }

    /// Counts and sizes of all tensors.
    pub fn summary(&self) -> Summary {
        self.entries.values().collect()
    }

    /// One tensor by its name.
    ///
    /// # Errors
    /// If there is no such tensor, it has not `D` axes, or it cannot be had in this type on this device.
    pub fn tensor<const D: usize>(
        &self,
        name: &str,
        storage: Storage,
        device: &Device,
    ) -> Result<Tensor<D>, WeightsError> {
        let missing = || WeightsError::NoTensor { path: self.path.clone(), tensor: name.to_owned() };
        let entry = self.get(name).ok_or_else(missing)?;
        let shape: [usize; D] = entry.shape().try_into().map_err(|_| WeightsError::Rank {
            path: entry.file().to_owned(),
            tensor: name.to_owned(),
            expected: D,
            found: entry.shape().to_vec(),
        })?;
        entry.tensor(shape, storage, device)
    }
}

fn gather(index: &Index) -> Result<BTreeMap<String, Entry>, WeightsError> {
    let mut all = BTreeMap::<String, Entry>::new();
    for shard in index.files()? {
        for (tensor, entry) in entries(shard)? {
            if let Some(first) = all.get(&tensor) {
                let (first, second) = (first.file().to_owned(), shard.to_owned());
                return Err(WeightsError::Duplicate { tensor, first, second });
            }
            all.insert(tensor, entry);
        }
    }
    for (tensor, shard) in &index.shards {
        if all.get(tensor).is_none_or(|entry| entry.file() != shard) {
            return Err(WeightsError::NotInShard {
                index: index.path.clone(),
                tensor: tensor.clone(),
                shard: shard.clone(),
            });
        }
    }
    Ok(all)
}
