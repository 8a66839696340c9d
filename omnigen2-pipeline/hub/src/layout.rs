use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::repository::is_file_name;
use super::{HubError, RepositoryId};
use omnigen2_files::read_bounded;

/// Largest weight index that is read; the published ones have some 70 kB.
const MAX_INDEX: u64 = 16 << 20;

const OPTIONAL: [&str; 7] = [
    "model_index.json",
    "scheduler/scheduler_config.json",
    "mllm/generation_config.json",
    "processor/added_tokens.json",
    "processor/preprocessor_config.json",
    "processor/special_tokens_map.json",
    "processor/tokenizer_config.json",
];

const REQUIRED: [&str; 4] =
    ["transformer/config.json", "mllm/config.json", "vae/config.json", "processor/tokenizer.json"];

const WEIGHTS: [&str; 3] = [
    "transformer/diffusion_pytorch_model.safetensors",
    "mllm/model.safetensors",
    "vae/diffusion_pytorch_model.safetensors",
];

/// The place where a checkpoint's files are looked for: the hub or a snapshot on disk.
pub(super) trait Files {
    fn has(&self, file: &str) -> bool;

    /// The path of the file on disk, fetched first if need be.
    fn path(&mut self, file: &str) -> Result<PathBuf, HubError>;
}

/// The files of a checkpoint that the pipeline reads, the weights last: where those are, all the others are too.
pub(super) fn needed(repository: &RepositoryId, files: &mut dyn Files) -> Result<Vec<String>, HubError> {
    let mut needed: Vec<String> =
        OPTIONAL.into_iter().filter(|file| files.has(file)).chain(REQUIRED).map(str::to_owned).collect();
    let mut weights = Vec::new();
    for whole in WEIGHTS {
        let index = format!("{whole}.index.json");
        if files.has(&index) {
            let path = files.path(&index)?;
            weights.extend(shards(&index, &path).map_err(|reason| bad_index(repository, &index, reason))?);
            needed.push(index);
        } else {
            weights.push(whole.to_owned());
        }
    }
    needed.append(&mut weights);
    match needed.iter().find(|file| !files.has(file)) {
        Some(file) => Err(HubError::FileMissing { repository: repository.clone(), file: file.clone() }),
        None => Ok(needed),
    }
}

/// Refuses an index of such a size before it is fetched.
pub(super) fn check_index_size(repository: &RepositoryId, index: &str, size: u64) -> Result<(), HubError> {
    if size <= MAX_INDEX { Ok(()) } else { Err(bad_index(repository, index, too_large())) }
}

fn bad_index(repository: &RepositoryId, index: &str, reason: String) -> HubError {
    HubError::BadIndex { repository: repository.clone(), file: index.to_owned(), reason }
}

fn too_large() -> String {
    format!("larger than {MAX_INDEX} bytes")
}

fn shards(index: &str, path: &Path) -> Result<BTreeSet<String>, String> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let text = read_bounded(path, MAX_INDEX).map_err(|error| error.to_string())?;
    let map = serde_json::from_slice::<Index>(&text).map_err(|error| error.to_string())?.weight_map;
    if let Some(shard) = map.values().find(|shard| !is_file_name(shard)) {
        return Err(format!("`{shard}` is not the name of a file beside it"));
    }
    let folder = index.rsplit_once('/').map_or("", |(folder, _)| folder);
    let shards: BTreeSet<_> = map.into_values().map(|shard| format!("{folder}/{shard}")).collect();
    if shards.is_empty() { Err("it names no file".to_owned()) } else { Ok(shards) }
}
