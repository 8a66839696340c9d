use std::borrow::Cow;
use std::io::{Error, ErrorKind};
use std::path::Path;

use crate::weights::{Archive, WeightsError};

/// Where the files of a checkpoint are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Files {
    /// On disk.
    Disk,
    /// In this program.
    #[cfg_attr(
        not(feature = "shapes"),
        allow(dead_code, reason = "the shapes model is the only such checkpoint")
    )]
    Program(Embedded),
}

/// Files in this program, by their paths.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Embedded(pub(super) &'static [(&'static str, &'static [u8])]);

impl Files {
    pub(super) fn has(self, path: &Path) -> bool {
        match self {
            Self::Disk => path.exists(),
            Self::Program(embedded) => embedded.get(path).is_some(),
        }
    }

    pub(super) fn read(self, path: &Path) -> std::io::Result<Cow<'static, [u8]>> {
        match self {
            Self::Disk => std::fs::read(path).map(Cow::Owned),
            Self::Program(embedded) => {
                embedded.get(path).map(Cow::Borrowed).ok_or_else(|| Error::from(ErrorKind::NotFound))
            }
        }
    }

    /// The weights in a folder or file.
    pub(super) fn weights(self, path: &Path) -> Result<Archive, WeightsError> {
        let Self::Program(Embedded(files)) = self else { return Archive::open(path) };
        let weights = files.iter().map(|(file, bytes)| (Path::new(file), *bytes));
        let mut weights =
            weights.filter(|(file, _)| file.extension().is_some_and(|end| end == "safetensors"));
        match weights.find(|(file, _)| file.starts_with(path)) {
            Some((file, bytes)) => Archive::embedded(file, bytes),
            None => Err(WeightsError::NoWeights { path: path.to_owned() }),
        }
    }
}

impl Embedded {
    fn get(self, path: &Path) -> Option<&'static [u8]> {
        self.0.iter().find(|(file, _)| Path::new(file) == path).map(|(_, bytes)| *bytes)
    }
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(file, _)| file)).finish()
    }
}
