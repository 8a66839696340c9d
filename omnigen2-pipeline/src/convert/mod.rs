//! A checkpoint with its weights in another type: the same layout and names, half or twice as large; or its transformer
//! and language model as GGUF files of 8 bits a number and fewer.
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

mod blocks;
mod encode;
mod error;
mod folder;
mod gguf;
mod origin;
mod part;
mod plan;
mod safetensors_file;
mod shard;

use std::collections::{BTreeSet, VecDeque};
use std::io::Write as _;
use std::path::{Path, PathBuf};

pub use self::blocks::{Blocks, UnknownBlocks};
pub use self::error::ConvertError;
use self::folder::create_folder;
use self::plan::{Form, Task, plan};
use self::shard::ShardWriter;
use crate::Result;
use crate::weights::Storage;
use omnigen2_files::{Draft, Lock, clear_remains, read_bounded};

/// The progress of a conversion.
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
/// A conversion that is begun again, from the same files, keeps those that are. One at a time writes a folder.
#[derive(Debug)]
pub struct Conversion {
    to: PathBuf,
    tasks: VecDeque<Task>,
    writing: Option<ShardWriter>,
    done: u64,
    total: u64,
    /// Let go last, when nothing is being written any more.
    lock: Option<Lock>,
}

impl Conversion {
    /// Finds out what there is to do; reads headers alone and writes nothing.
    ///
    /// # Errors
    /// If a folder is not one, one lies within the other, weights are incomplete or of a type that is not read, or
    /// there are weights of another layout where the result will be.
    pub fn begin(from: impl AsRef<Path>, to: impl AsRef<Path>, storage: Storage) -> Result<Self> {
        if storage.is_packed() {
            return Err(ConvertError::Packed { storage }.into());
        }
        Self::planned(from.as_ref(), to.as_ref(), Form::Safetensors(storage))
    }

    /// Finds out what there is to do, for a folder in which transformer and language model, the vision tower with it, are a
    /// GGUF file each.
    ///
    /// Tensors keep their names, so that programs which know the checkpoint's know the files. Rows that
    /// are no whole blocks, as the transformer's of 2520 numbers, are flattened: blocks run on from row to row, and
    /// `comfy.gguf.orig_shape.NAME` tells the shape.
    ///
    /// ```
    /// use omnigen2_pipeline::Checkpoint;
    /// use omnigen2_pipeline::convert::{Blocks, Conversion};
    ///
    /// # let checkpoint = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny-checkpoint");
    /// # let folder = tempfile::tempdir()?;
    /// let out = folder.path().join("q8_0");
    /// Conversion::quantising(checkpoint, &out, Blocks::Q8_0)?.try_for_each(|progress| progress.map(|_| ()))?;
    /// assert!(out.join("mllm/model.gguf").is_file());
    /// Checkpoint::open(&out)?.verify(&burn::prelude::Device::flex())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`begin`](Self::begin), and if there are tensors that no GGUF file holds.
    pub fn quantising(from: impl AsRef<Path>, to: impl AsRef<Path>, blocks: Blocks) -> Result<Self> {
        Self::planned(from.as_ref(), to.as_ref(), Form::Gguf(blocks))
    }

    fn planned(from: &Path, to: &Path, form: Form) -> Result<Self> {
        if !from.is_dir() {
            return Err(ConvertError::NoFolder { path: from.into() }.into());
        }
        if let Ok(found) = to.metadata().map(|found| found.file_type())
            && !found.is_dir()
        {
            return Err(ConvertError::NotAFolder { path: to.into(), found: found.into() }.into());
        }
        if inside(to, from) || inside(from, to) {
            return Err(ConvertError::Within { from: from.into(), to: to.into() }.into());
        }
        let tasks = plan(from, to, form)?;
        let total = tasks.iter().map(Task::bytes).sum();
        Ok(Self { to: to.into(), tasks: tasks.into(), writing: None, done: 0, total, lock: None })
    }

    /// Takes the folder for this conversion alone, and clears what killed ones left there.
    fn lock(&mut self) -> Result<()> {
        if self.lock.is_none() {
            create_folder(&self.to)?;
            self.lock = Some(Lock::within(&self.to).map_err(ConvertError::from)?);
            let folders: BTreeSet<_> = self.tasks.iter().filter_map(|task| task.path().parent()).collect();
            for folder in folders.into_iter().filter(|folder| folder.is_dir()) {
                let failed = |source| ConvertError::Read { path: folder.into(), source };
                clear_remains(folder).map_err(failed)?;
            }
        }
        Ok(())
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
        if self.tasks.is_empty() {
            self.lock = None;
            return Ok(None);
        }
        self.lock()?;
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
            self.lock = None;
        }
        let (bytes_done, bytes_total) = (self.done, self.total);
        Some(step.map(|file| Progress { file, bytes_done, bytes_total }))
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let read = read_bounded(from, plan::LARGEST_COPY);
    let bytes = read.map_err(|source| ConvertError::Read { path: from.into(), source })?;
    write(to, &bytes)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |source| ConvertError::Write { path: path.into(), source };
    create_folder(path.parent().unwrap_or(Path::new(".")))?;
    let mut file = Draft::beside(path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    Ok(file.finish().map_err(failed)?)
}

/// Tells whether a path, which need not be there, is another or lies within it.
fn inside(path: &Path, folder: &Path) -> bool {
    let real = |path: &Path| {
        let there = path.ancestors().find_map(|ancestor| Some((ancestor, ancestor.canonicalize().ok()?)));
        there.map(|(ancestor, real)| real.join(path.strip_prefix(ancestor).unwrap_or(Path::new(""))))
    };
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.into());
    let (path, folder) = (absolute(path), absolute(folder));
    matches!((real(&path), real(&folder)), (Some(path), Some(folder)) if path.starts_with(&folder))
}
