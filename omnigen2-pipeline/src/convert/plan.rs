use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::blocks::Blocks;
use super::error::ConvertError;
use super::part::Part;
use super::shard::Shard;
use super::{gguf, safetensors_file};
use crate::Result;
use crate::weights::{Archive, Located, Storage, locate};
use omnigen2_files::read_bounded;

const SAFETENSORS: &str = "safetensors";
const GGUF: &str = "gguf";
const INDEX: &str = ".safetensors.index.json";
/// A larger file that is no weights belongs to no checkpoint.
pub(super) const LARGEST_COPY: u64 = 1 << 28;

/// The form in which weights are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Safetensors(Storage),
    /// Transformer and language model; all else as it is.
    Gguf(Blocks),
}

/// A file to write.
#[derive(Debug)]
pub(super) enum Task {
    Copy { from: PathBuf, to: PathBuf },
    Text { to: PathBuf, text: Vec<u8> },
    Shard(Shard),
}

impl Task {
    /// Bytes of weights.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Shard(shard) => shard.bytes(),
            Self::Copy { .. } | Self::Text { .. } => 0,
        }
    }

    /// The file that is written.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Copy { to, .. } | Self::Text { to, .. } => to,
            Self::Shard(shard) => &shard.to,
        }
    }
}

/// Plans everything in a checkpoint's folder and the folders in it: weights in another form, all else as it is.
pub(super) fn plan(from: &Path, to: &Path, form: Form) -> Result<Vec<Task>> {
    let mut tasks = Vec::new();
    let mut folders = vec![PathBuf::new()];
    for path in list(from)? {
        if path.is_dir() {
            folders.extend(path.file_name().map(PathBuf::from));
        }
    }
    for folder in folders {
        let (from, to) = (from.join(&folder), to.join(&folder));
        let mut has_weights = false;
        for path in list(&from)? {
            let name = path.file_name().unwrap_or_default();
            if is_weights(&path) {
                has_weights = true;
            } else if is_small_file(&path) {
                tasks.push(Task::Copy { to: to.join(name), from: path });
            }
        }
        if has_weights {
            tasks.extend(match (form, Part::within(&folder)) {
                (Form::Gguf(blocks), Some(part)) => quantised(&from, &to, part, blocks)?,
                (Form::Gguf(_), None) => weights(&from, &to, Storage::AsStored)?,
                (Form::Safetensors(storage), _) => weights(&from, &to, storage)?,
            });
        }
    }
    Ok(tasks)
}

/// One GGUF file in place of all files of a part.
fn quantised(from: &Path, to: &Path, part: Part, blocks: Blocks) -> Result<Vec<Task>> {
    let located = match locate(from)? {
        Located::File(file) => file,
        Located::Shards(index) => index.path,
    };
    let name = located.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(INDEX).or_else(|| name.rsplit_once('.').map(|(stem, _)| stem));
    let to_file = to.join(format!("{}.{GGUF}", stem.unwrap_or(&name)));
    let tasks = vec![Task::Shard(gguf::shard(Archive::open(from)?, to_file, part, blocks)?)];
    refuse_foreign(to, &tasks)?;
    Ok(tasks)
}

/// The index last, so that a folder that has one has all its shards.
fn weights(from: &Path, to: &Path, storage: Storage) -> Result<Vec<Task>> {
    let (files, index) = match locate(from)? {
        Located::File(file) => (BTreeSet::from([file]), None),
        Located::Shards(index) => (index.shards.into_values().collect(), Some(index.path)),
    };
    let mut tasks = Vec::with_capacity(files.len() + 1);
    for file in files {
        let mut name = file.strip_prefix(from).unwrap_or(&file).to_owned();
        if name.extension() == Some(OsStr::new(GGUF)) {
            name.set_extension(SAFETENSORS);
        }
        tasks.push(Task::Shard(safetensors_file::shard(&file, to.join(name), storage)?));
    }
    if let Some(index) = index {
        let total = tasks.iter().map(Task::bytes).sum();
        let name = index.file_name().unwrap_or_default();
        tasks.push(Task::Text { to: to.join(name), text: resized(&index, total)? });
    }
    refuse_foreign(to, &tasks)?;
    Ok(tasks)
}

/// Refuses weights in a folder that no task writes: with them the folder would be another checkpoint, or none.
fn refuse_foreign(to: &Path, tasks: &[Task]) -> Result<()> {
    if !to.is_dir() {
        return Ok(());
    }
    let is_ours = |path: &PathBuf| tasks.iter().any(|task| task.path() == path);
    match list(to)?.into_iter().find(|path| is_weights(path) && !is_ours(path)) {
        Some(path) => Err(ConvertError::Foreign { path }.into()),
        None => Ok(()),
    }
}

/// The index of shards that have `total` bytes together.
fn resized(index: &Path, total: u64) -> Result<Vec<u8>> {
    let text = read_bounded(index, LARGEST_COPY)
        .map_err(|source| ConvertError::Read { path: index.into(), source })?;
    let failed = |source| ConvertError::Index { path: index.into(), source };
    let mut value: Value = serde_json::from_slice(&text).map_err(failed)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("metadata".into(), json!({ "total_size": total }));
    }
    Ok(serde_json::to_vec_pretty(&value).map_err(failed)?)
}

/// Lists a folder, sorted, without hidden files.
fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |source| ConvertError::Read { path: folder.into(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn is_small_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() <= LARGEST_COPY)
}

fn is_weights(path: &Path) -> bool {
    let is_one_of = |extension| extension == SAFETENSORS || extension == GGUF;
    path.to_string_lossy().ends_with(INDEX) || path.extension().is_some_and(is_one_of)
}
