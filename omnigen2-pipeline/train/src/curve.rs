//! The loss of every step, in a table.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use super::error::TrainError;
use super::state::file;
use super::trainer::Progress;
use omnigen2_pipeline::files::{disk, replace};

const HEADER: &str = "step,loss,norm,rate,examples\n";

/// A CSV file that grows by a row a step.
#[derive(Debug)]
pub(crate) struct Curve {
    path: PathBuf,
    file: File,
}

impl Curve {
    /// Continues the table after the row of a step; rows behind it are of a run that was cut off.
    pub(crate) fn after(path: &Path, step: u64) -> Result<Self, TrainError> {
        let failed = |source| file("write", path, source);
        let old = fs::read_to_string(path).unwrap_or_default();
        let done = |row: &&str| {
            // A number without its comma is the beginning of one that was cut off.
            row.split_once(',').and_then(|(first, _)| first.parse().ok()).is_some_and(|n: u64| n <= step)
        };
        let rows = old.lines().skip(1).filter(done).map(|row| format!("{row}\n"));
        let kept: String = std::iter::once(HEADER.to_owned()).chain(rows).collect();
        replace(path, kept.as_bytes()).map_err(failed)?;
        let file = OpenOptions::new().append(true).open(path).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file })
    }

    pub(crate) fn push(&mut self, progress: &Progress) -> Result<(), TrainError> {
        let Progress { step, loss, norm, rate, examples, .. } = progress;
        let row = format!("{step},{loss:.6},{norm:.6},{rate:.3e},{examples}\n");
        let mut rest = row.as_bytes();
        while !rest.is_empty() {
            let written = disk::write(&mut self.file, rest);
            rest = &rest[written.map_err(|source| file("write", &self.path, source))?..];
        }
        Ok(())
    }
}
