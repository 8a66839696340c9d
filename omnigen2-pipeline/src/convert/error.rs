use std::path::PathBuf;

use omnigen2_files::{FilesError, Kind};
use omnigen2_gguf::{BlockType, GgufError};

use super::blocks::MOST;
use crate::weights::Storage;

/// The reason why a checkpoint cannot be converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The files that are written hold no packed matrices.
    #[error(
        "safetensors files hold floating-point types alone, not {storage}: expected another type, or one of those of \
         GGUF files, `q8_0` or `q4_k`"
    )]
    Packed {
        /// What was asked for.
        storage: Storage,
    },
    /// A number of which no blocks are made.
    #[error(
        "{tensor} in {} has the number {value}, expected finite ones within ±{MOST} to make blocks of {blocks}; \
         convert to a floating-point type",
        path.display()
    )]
    Number {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The number.
        value: f32,
        /// The blocks that were to be made.
        blocks: BlockType,
    },
    /// Tensors that no GGUF file holds.
    #[error("{} cannot be written as a GGUF file", path.display())]
    Gguf {
        /// The file.
        path: PathBuf,
        /// The fault.
        source: Box<GgufError>,
    },
    /// There is no folder to convert.
    #[error("{} is no folder: give the folder of a checkpoint", path.display())]
    NoFolder {
        /// The path that was given.
        path: PathBuf,
    },
    /// The result cannot be a folder.
    #[error("{} is {found}; expected a folder to write into, or a name that is free", path.display())]
    NotAFolder {
        /// The path that was given.
        path: PathBuf,
        /// The kind of what is there.
        found: Kind,
    },
    /// The result would lie among what it is made from, or the other way round.
    #[error(
        "{} and {} are one folder, or one lies within the other: give another folder to convert to",
        from.display(),
        to.display()
    )]
    Within {
        /// The folder that is converted.
        from: PathBuf,
        /// The folder in which it should be.
        to: PathBuf,
    },
    /// Weights that are there already would be read with the new ones, or in their place.
    #[error("{} is of another checkpoint than the one to convert; give another folder, or remove it", path.display())]
    Foreign {
        /// The file that is there.
        path: PathBuf,
    },
    /// Another process converts into the folder.
    #[error(transparent)]
    Folder(#[from] FilesError),
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}; check that its folder can be written to and has room", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// An index is not one.
    #[error("{} is no index of shards; download it again", path.display())]
    Index {
        /// The index.
        path: PathBuf,
        /// The place where it breaks off.
        source: serde_json::Error,
    },
}
