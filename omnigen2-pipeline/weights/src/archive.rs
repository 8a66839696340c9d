use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::prelude::*;

use crate::gguf_file::GgufFile;
use crate::locate::{Index, Located, locate};
use crate::safetensors_file::SafetensorsFile;
use crate::{Container, Entry, MappedFile, Storage, Summary, WeightsError};

/// The ending of the name of a scale, in place of `weight`.
const SCALE: &str = "scale_weight";
/// A tensor that says nothing but that there are scales.
const SCALED_MARK: &str = "scaled_fp8";

/// The tensors of one component's weights: names, types and shapes from the headers, data left in the files.
#[derive(Clone, Debug)]
pub struct Archive {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
    metadata: BTreeMap<String, String>,
}

impl Archive {
    /// Opens a component's folder, its index, or one safetensors or GGUF file. In a folder with an index only the
    /// files that its `weight_map` names are read; without one it must hold a single safetensors file, or one
    /// of the name that diffusers or transformers give it, or else a single GGUF file. Only headers are read.
    ///
    /// # Errors
    /// If files are missing, cut off, or contradict their index or themselves.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WeightsError> {
        let path = path.as_ref();
        let archive = match locate(path)? {
            Located::File(file) => Self::empty(path).with_file(&file)?,
            Located::Shards(index) => Self::sharded(path, &index)?,
        };
        archive.scaled()
    }

    /// Opens the contents of a safetensors file inside this program. `path` is what errors call it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn embedded(path: impl AsRef<Path>, bytes: &'static [u8]) -> Result<Self, WeightsError> {
        Self::from_container(&SafetensorsFile::embedded(path.as_ref(), bytes)?)
    }

    /// Opens a container of any format.
    ///
    /// # Errors
    /// What the container says, and if a tensor has not the bytes of its type and shape, or two have one name.
    pub fn from_container(container: &(impl Container + ?Sized)) -> Result<Self, WeightsError> {
        Self::empty(container.path()).with(container)?.scaled()
    }

    /// The path that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The texts about the whole that its files hold, by their keys.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// The tensors, in order of their names.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// The tensors themselves, in order of their names.
    pub fn into_entries(self) -> impl Iterator<Item = Entry> {
        self.entries.into_values()
    }

    /// The tensor of this name, if there is one.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Tells whether there is a tensor of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// Tells whether the name of any tensor begins with `prefix`.
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

    /// Reads one tensor by its name.
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

    fn empty(path: &Path) -> Self {
        Self { path: path.to_owned(), entries: BTreeMap::new(), metadata: BTreeMap::new() }
    }

    fn sharded(path: &Path, index: &Index) -> Result<Self, WeightsError> {
        let mut archive = Self::empty(path);
        for shard in index.files()? {
            archive = archive.with_file(shard)?;
        }
        for (tensor, shard) in &index.shards {
            if archive.get(tensor).is_none_or(|entry| entry.file() != shard) {
                return Err(WeightsError::NotInShard {
                    index: index.path.clone(),
                    tensor: tensor.clone(),
                    shard: shard.clone(),
                });
            }
        }
        Ok(archive)
    }

    /// With the tensors of a file, whose first bytes tell its format.
    fn with_file(self, path: &Path) -> Result<Self, WeightsError> {
        let file = MappedFile::open(path)?;
        if GgufFile::is_one(&file) {
            self.with(&GgufFile::read(path, file)?)
        } else {
            self.with(&SafetensorsFile::mapped(path, file)?)
        }
    }

    /// With the tensors of another container.
    fn with(mut self, container: &(impl Container + ?Sized)) -> Result<Self, WeightsError> {
        let file: Arc<Path> = container.path().into();
        for stored in container.tensors()? {
            let tensor = stored.name.clone();
            let entry = Entry::new(stored, file.clone())?;
            if let Some(first) = self.entries.insert(tensor.clone(), entry) {
                let (first, second) = (first.file().to_owned(), file.to_path_buf());
                return Err(WeightsError::Duplicate { tensor, first, second });
            }
        }
        self.metadata.extend(container.metadata()?);
        Ok(self)
    }

    /// With the scales of 8-bit floats joined to the tensors that they belong to, as ComfyUI writes them.
    fn scaled(mut self) -> Result<Self, WeightsError> {
        self.entries.remove(SCALED_MARK);
        let scales =
            self.entries.keys().filter_map(|name| Some((name.clone(), name.strip_suffix(SCALE)?.to_owned())));
        for (name, stem) in scales.collect::<Vec<_>>() {
            let weight = format!("{stem}weight");
            if let Some(entry) = self.entries.get(&weight).filter(|entry| entry.is_narrow_float())
                && let Some(scale) = self.entries.get(&name)
            {
                let scaled = entry.scaled_by(scale)?;
                self.entries.insert(weight, scaled);
                self.entries.remove(&name);
            }
        }
        Ok(self)
    }
}
