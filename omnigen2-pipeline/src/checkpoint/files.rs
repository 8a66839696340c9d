use std::borrow::Cow;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use crate::weights::{Archive, WeightsError};
use omnigen2_files::read_bounded;

/// The most bytes that a configuration may have; the published ones have some thousand.
const MOST_BYTES: u64 = 1 << 24;

/// The place where the files of a checkpoint are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Files {
    /// On disk.
    Disk,
    /// In this program.
    Program(Embedded),
    /// Nowhere: only sizes are known.
    Nowhere,
}

/// Files in this program, by their paths below a root.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Embedded {
    pub(super) root: PathBuf,
    pub(super) files: &'static [(&'static str, &'static [u8])],
}

impl Files {
    pub(super) fn has(&self, path: &Path) -> bool {
        match self {
            Self::Disk => path.exists(),
            Self::Program(embedded) => embedded.get(path).is_some(),
            Self::Nowhere => false,
        }
    }

    pub(super) fn read(&self, path: &Path) -> std::io::Result<Cow<'static, [u8]>> {
        match self {
            Self::Disk => read_bounded(path, MOST_BYTES).map(Cow::Owned),
            Self::Program(embedded) => {
                embedded.get(path).map(Cow::Borrowed).ok_or_else(|| Error::from(ErrorKind::NotFound))
            }
            Self::Nowhere => Err(ErrorKind::NotFound.into()),
        }
    }

    /// The weights in a folder or file.
    pub(super) fn weights(&self, path: &Path) -> Result<Archive, WeightsError> {
        let none = || WeightsError::NoWeights { path: path.to_owned() };
        let Embedded { root, files } = match self {
            Self::Disk => return Archive::open(path),
            Self::Nowhere => return Err(none()),
            Self::Program(embedded) => embedded,
        };
        let weights = files.iter().map(|(file, bytes)| (root.join(file), *bytes));
        let mut weights =
            weights.filter(|(file, _)| file.extension().is_some_and(|end| end == "safetensors"));
        match weights.find(|(file, _)| file.starts_with(path)) {
            Some((file, bytes)) => Archive::embedded(&file, bytes),
            None => Err(none()),
        }
    }
}

impl Embedded {
    fn get(&self, path: &Path) -> Option<&'static [u8]> {
        self.files.iter().find(|(file, _)| self.root.join(file) == path).map(|(_, bytes)| *bytes)
    }
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.files.iter().map(|(file, _)| file)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_is_no_file_or_too_large_is_told_by_kind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let why = || Files::Disk.read(&path).unwrap_err().to_string();
        std::fs::File::create(&path).unwrap().set_len(MOST_BYTES + 1).unwrap();
        assert!(why().contains("at most are read"));
        std::fs::remove_file(&path).unwrap();
        if std::process::Command::new("mkfifo").arg(&path).status().is_ok_and(|status| status.success()) {
            assert!(why().contains("it is a named pipe; expected a file"));
        }
    }
}
