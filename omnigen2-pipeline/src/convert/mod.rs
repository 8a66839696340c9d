//! A checkpoint with its weights in another type: the same layout, names and files, half or twice as large.
//!
//! ```
//! use omnigen2_pipeline::convert::Conversion;
//! use omnigen2_pipeline::weights::Storage;
//!
//! # let checkpoint = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny-checkpoint");
//! # let folder = tempfile::tempdir()?;
//! let out = folder.path().join("bf16");
//! for progress in Conversion::begin(checkpoint, &out, Storage::Bf16)? {
//!     let progress = progress?; // drop the conversion to cancel it
//!     println!("{}: {} of {} bytes", progress.file.display(), progress.bytes_done, progress.bytes_total);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod plan;
mod shard;

use std::collections::VecDeque;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use self::plan::{Task, plan};
use self::shard::ShardWriter;
use crate::weights::Storage;
use crate::{Result, whole};

/// Why a checkpoint cannot be converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// There is no folder to convert.
    #[error("{} is no folder: give the folder of a checkpoint", path.display())]
    NoFolder {
        /// What was given.
        path: PathBuf,
    },
    /// The result would lie among what it is made from, or the other way round.
    #[error(
        "{} and {} are one folder, or one lies within the other: give another folder to convert to",
        from.display(),
        to.display()
    )]
    Within {
        /// What is converted.
        from: PathBuf,
        /// Where it should go.
        to: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}; is there room on the disk?", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An index is not one.
    #[error("{} is no index of shards; download it again", path.display())]
    Index {
        /// The index.
        path: PathBuf,
        /// Where it breaks off.
        source: serde_json::Error,
    },
}

/// How far a conversion is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The file that is written.
    pub file: PathBuf,
    /// Bytes of weights that are there.
    pub bytes_done: u64,
    /// Bytes of weights that there will be.
    pub bytes_total: u64,
}

/// A conversion: iterate to go on, a tensor at a time, or drop to cancel. A file has its name only once it is whole.
/// A conversion that is begun again, from the same files, keeps those that are.
#[derive(Debug)]
pub struct Conversion {
    tasks: VecDeque<Task>,
    writing: Option<ShardWriter>,
    done: u64,
    total: u64,
}

impl Conversion {
    /// Finds out what there is to do; reads headers alone and writes nothing.
    ///
    /// # Errors
    /// If a folder is not one, one lies within the other, or weights are incomplete or of a type that is not read.
    pub fn begin(from: impl AsRef<Path>, to: impl AsRef<Path>, storage: Storage) -> Result<Self> {
        let (from, to) = (from.as_ref(), to.as_ref());
        if !from.is_dir() {
            return Err(ConvertError::NoFolder { path: from.into() }.into());
        }
        if to.exists() && !to.is_dir() {
            return Err(ConvertError::NoFolder { path: to.into() }.into());
        }
        if inside(to, from) || inside(from, to) {
            return Err(ConvertError::Within { from: from.into(), to: to.into() }.into());
        }
        let tasks = plan(from, to, storage)?;
        let total = tasks.iter().map(Task::bytes).sum();
        Ok(Self { tasks: tasks.into(), writing: None, done: 0, total })
    }

    fn step(&mut self) -> Result<Option<PathBuf>> {
        if let Some(writer) = &mut self.writing {
            let path = writer.path().to_owned();
            match writer.write_tensor()? {
                Some(bytes) => self.done += bytes,
                None => self.writing.take().map_or(Ok(()), ShardWriter::finish)?,
            }
            return Ok(Some(path));
        }
        let Some(task) = self.tasks.pop_front() else { return Ok(None) };
        let bytes = task.bytes();
        let path = task.path().to_owned();
        match task {
            Task::Copy { from, to } => copy(&from, &to)?,
            Task::Text { to, text } => write(&to, &text)?,
            Task::Shard(shard) if shard.is_there() => self.done += bytes,
            Task::Shard(shard) => self.writing = Some(ShardWriter::begin(shard)?),
        }
        Ok(Some(path))
    }
}

impl Iterator for Conversion {
    type Item = Result<Progress>;

    fn next(&mut self) -> Option<Result<Progress>> {
        let step = self.step().transpose()?;
        if step.is_err() {
            self.tasks.clear();
            self.writing = None;
        }
        let (bytes_done, bytes_total) = (self.done, self.total);
        Some(step.map(|file| Progress { file, bytes_done, bytes_total }))
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).map_err(|source| ConvertError::Read { path: from.into(), source })?;
    write(to, &bytes)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |source| ConvertError::Write { path: path.into(), source };
    make_folder(path)?;
    let mut file = whole::beside(path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}

/// The folder of a file is there from now on.
fn make_folder(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    Ok(fs::create_dir_all(folder).map_err(|source| ConvertError::Write { path: folder.into(), source })?)
}

/// Whether a path, which need not be there, is another or lies within it.
fn inside(path: &Path, folder: &Path) -> bool {
    let real = |path: &Path| {
        let there = path.ancestors().find_map(|ancestor| Some((ancestor, ancestor.canonicalize().ok()?)));
        there.map(|(ancestor, real)| real.join(path.strip_prefix(ancestor).unwrap_or(Path::new(""))))
    };
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.into());
    let (path, folder) = (absolute(path), absolute(folder));
    matches!((real(&path), real(&folder)), (Some(path), Some(folder)) if path.starts_with(&folder))
}
