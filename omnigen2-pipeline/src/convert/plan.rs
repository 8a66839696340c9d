use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::error::ConvertError;
use super::shard::Shard;
use crate::Result;
use crate::weights::{Located, Storage, locate};
use omnigen2_files::read_bounded;

const WEIGHTS: &str = "safetensors";
const INDEX: &str = ".safetensors.index.json";
/// A larger file that is no weights belongs to no checkpoint.
pub(super) const LARGEST_COPY: u64 = 1 << 28;

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

/// Plans everything in a checkpoint's folder and the folders in it: weights in another type, all else as it is.
pub(super) fn plan(from: &Path, to: &Path, storage: Storage) -> Result<Vec<Task>> {
    let mut tasks = Vec::new();
    let mut folders = vec![PathBuf::new()];
    for path in list(from)? {
        if path.is_dir() {
            folders.extend(path.file_name().map(PathBuf::from));
        }
    }
    for folder in folders {
        tasks.extend(folder_tasks(&from.join(&folder), &to.join(&folder), storage)?);
    }
    Ok(tasks)
}

fn folder_tasks(from: &Path, to: &Path, storage: Storage) -> Result<Vec<Task>> {
    let mut tasks = Vec::new();
    let mut has_weights = false;
    for path in list(from)? {
        let name = path.file_name().unwrap_or_default();
        if path.extension().is_some_and(|extension| extension == WEIGHTS) {
            has_weights = true;
        } else if !name.to_string_lossy().ends_with(INDEX) && is_small_file(&path) {
            tasks.push(Task::Copy { to: to.join(name), from: path });
        }
    }
    if has_weights {
        tasks.extend(weights(from, to, storage)?);
    }
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
        let name = file.strip_prefix(from).unwrap_or(&file).to_owned();
        tasks.push(Task::Shard(Shard::open(&file, to.join(name), storage)?));
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
    let is_weights = |path: &PathBuf| {
        let name = path.to_string_lossy();
        name.ends_with(INDEX) || path.extension().is_some_and(|extension| extension == WEIGHTS)
    };
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
