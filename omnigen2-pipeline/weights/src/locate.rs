use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::WeightsError;
use omnigen2_files::read_bounded;

const INDEX: &str = ".safetensors.index.json";
const WEIGHTS: &str = ".safetensors";
const GGUF: &str = ".gguf";
/// The names that diffusers and transformers give their weights, without ending.
const USUAL: [&str; 2] = ["diffusion_pytorch_model", "model"];

/// The index of a thousand tensors has a hundred thousandth of this.
const LARGEST_INDEX: u64 = 1 << 28;

/// The place of a component's weights.
#[derive(Clone, Debug)]
pub enum Located {
    /// One file.
    File(PathBuf),
    /// Several, with an index.
    Shards(Index),
}

/// An index and the file in which each tensor should be.
#[derive(Clone, Debug)]
pub struct Index {
    /// The index itself.
    pub path: PathBuf,
    /// The file of each tensor, by its name.
    pub shards: BTreeMap<String, PathBuf>,
}

#[derive(Deserialize)]
struct IndexFile {
    weight_map: BTreeMap<String, String>,
}

/// Finds the weights of a component: its folder, its index, or one file.
///
/// # Errors
/// If there are none, or more than one file could be meant.
pub fn locate(path: &Path) -> Result<Located, WeightsError> {
    match path.metadata() {
        Ok(found) if found.is_dir() => return locate_in(path),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(WeightsError::Missing { path: path.to_owned() });
        }
        Err(source) => return Err(WeightsError::Io { path: path.to_owned(), source }),
    }
    match path.to_str() {
        Some(name) if name.ends_with(INDEX) => Ok(Located::Shards(Index::read(path)?)),
        _ => Ok(Located::File(path.to_owned())),
    }
}

fn locate_in(folder: &Path) -> Result<Located, WeightsError> {
    let failed = |source| WeightsError::Io { path: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        names.extend(entry.map_err(failed)?.file_name().into_string());
    }
    names.sort();
    if let Some(index) = choose(folder, &names, INDEX)? {
        return Ok(Located::Shards(Index::read(&index)?));
    }
    let file = match choose(folder, &names, WEIGHTS)? {
        Some(file) => Some(file),
        None => choose(folder, &names, GGUF)?,
    };
    file.map(Located::File).ok_or_else(|| WeightsError::NoWeights { path: folder.to_owned() })
}

fn choose(folder: &Path, names: &[String], ending: &str) -> Result<Option<PathBuf>, WeightsError> {
    let mut files: Vec<_> = names.iter().filter(|name| name.ends_with(ending)).cloned().collect();
    let usual = USUAL.iter().map(|stem| format!("{stem}{ending}")).find(|name| files.contains(name));
    match usual.or_else(|| if files.len() == 1 { files.pop() } else { None }) {
        Some(name) => Ok(Some(folder.join(name))),
        None if files.is_empty() => Ok(None),
        None => Err(WeightsError::Ambiguous { path: folder.to_owned(), files }),
    }
}

impl Index {
    fn read(path: &Path) -> Result<Self, WeightsError> {
        let text = read_bounded(path, LARGEST_INDEX)
            .map_err(|source| WeightsError::Io { path: path.to_owned(), source })?;
        let file: IndexFile =
            serde_json::from_slice(&text).map_err(|source| WeightsError::index(path, source))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut index = Self { path: path.to_owned(), shards: BTreeMap::new() };
        for (tensor, shard) in file.weight_map {
            if !stays_inside(&shard) {
                return Err(WeightsError::Outside { index: index.path, shard });
            }
            index.shards.insert(tensor, folder.join(shard));
        }
        Ok(index)
    }

    /// The files that the index names, each once.
    pub(crate) fn files(&self) -> Result<Vec<&Path>, WeightsError> {
        let mut files: Vec<&Path> = self.shards.values().map(PathBuf::as_path).collect();
        files.sort();
        files.dedup();
        match files.iter().find(|shard| !shard.is_file()) {
            Some(shard) => {
                Err(WeightsError::MissingShard { index: self.path.clone(), shard: shard.to_path_buf() })
            }
            None => Ok(files),
        }
    }
}

fn stays_inside(shard: &str) -> bool {
    // A backslash separates folders on Windows alone, where `components` sees it; it is refused everywhere.
    !shard.is_empty()
        && !shard.contains('\\')
        && Path::new(shard).components().all(|part| matches!(part, Component::Normal(_)))
}
