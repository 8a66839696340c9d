use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::Failure;

/// A folder for the files of one target, in the system's place for temporary ones.
pub struct Scratch(TempDir);

impl Scratch {
    /// A folder of its own.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new() -> Result<Self, Failure> {
        Ok(Self(TempDir::with_prefix("omnigen2-fuzz-")?))
    }

    /// Writes a file of these bytes and gives its path.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, Failure> {
        let path = self.0.path().join(name);
        fs::write(&path, bytes)?;
        Ok(path)
    }

    /// Copies a folder and all in it, and gives the copy's path.
    pub(crate) fn copy(&self, folder: &Path) -> Result<PathBuf, Failure> {
        let copy = self.0.path().join("copy");
        copy_all(folder, &copy)?;
        Ok(copy)
    }
}

fn copy_all(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &copy)?;
        } else {
            fs::copy(entry.path(), copy)?;
        }
    }
    Ok(())
}
