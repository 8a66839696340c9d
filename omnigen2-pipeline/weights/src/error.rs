use std::path::{Path, PathBuf};

use burn::tensor::DType;
use omnigen2_gguf::GgufError;
use omnigen2_rope::ops::packed::InstructionsError;

use crate::{Element, LoadReport};
use omnigen2_files::{FilesError, short};

/// The reason why weights could not be read. Each message names the file or tensor, what was expected, what was found
/// and, where there is one, the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// Nothing stands at the path.
    #[error(
        "there are no weights at {path}: expected a folder with `*.safetensors` files, or one such file; check the path or download the checkpoint"
    )]
    Missing {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The folder holds no weights.
    #[error(
        "{path} holds no weights: expected `*.safetensors.index.json` with its shards, one `*.safetensors` or one `*.gguf` file; download the checkpoint again"
    )]
    NoWeights {
        /// The folder that was searched.
        path: PathBuf,
    },
    /// The folder holds several files, any of which may be meant.
    #[error("{path} holds several files of weights: {}; expected one, or an index that joins them; name the one to use", short(&files.join(", ")))]
    Ambiguous {
        /// The folder that was searched.
        path: PathBuf,
        /// The names of the files.
        files: Vec<String>,
    },
    /// A file could not be opened, read or mapped.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// An index is not JSON with a `weight_map` from tensor names to file names.
    #[error(
        "{path} is not an index: expected JSON with a `weight_map` from tensors to files; download it again"
    )]
    Index {
        /// The index.
        path: PathBuf,
        /// The place where it breaks off.
        source: serde_json::Error,
    },
    /// An index names a file outside its own folder.
    #[error(
        "{index} names the shard \"{}\": expected a file in or below the folder of the index",
        short(shard)
    )]
    Outside {
        /// The index.
        index: PathBuf,
        /// The path it names.
        shard: String,
    },
    /// A shard that an index names is not there.
    #[error("{} is missing though {index} names it; download it again", short(&shard.to_string_lossy()))]
    MissingShard {
        /// The index.
        index: PathBuf,
        /// The file it names.
        shard: PathBuf,
    },
    /// An index promises a tensor that its shard does not hold.
    #[error("{index} says that {} is in {shard}, but it is not; download both again", short(tensor))]
    NotInShard {
        /// The index.
        index: PathBuf,
        /// The tensor.
        tensor: String,
        /// The file in which it should be.
        shard: PathBuf,
    },
    /// Two shards hold a tensor of the same name.
    #[error("{} is both in {first} and in {second}; keep only the files of one checkpoint", short(tensor))]
    Duplicate {
        /// The tensor.
        tensor: String,
        /// The first file.
        first: PathBuf,
        /// The second file.
        second: PathBuf,
    },
    /// A header that is not that of a safetensors file, or that contradicts itself.
    #[error("{path} is not a sound safetensors file; download it again")]
    Header {
        /// The file.
        path: PathBuf,
        /// The fault.
        source: serde_json::Error,
    },
    /// A file begins as GGUF files do, and is not a sound one.
    #[error("{path} is not a sound GGUF file: {fault}")]
    Gguf {
        /// The file.
        path: PathBuf,
        /// The fault.
        fault: Box<GgufError>,
    },
    /// The environment names instructions that cannot be used.
    #[error(transparent)]
    Instructions(#[from] InstructionsError),
    /// The scale of a tensor is no number.
    #[error("{} in {path} has the scale {found}, expected a finite number; download it again", short(tensor))]
    Scale {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The scale.
        found: String,
    },
    /// A file is shorter or longer than its header says.
    #[error("{path} has {found} bytes where its header asks for {expected}; download it again")]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes according to the header.
        expected: u64,
        /// Bytes of the file.
        found: u64,
    },
    /// A file has become shorter since it was opened.
    #[error(transparent)]
    File(FilesError),
    /// A tensor has more or fewer bytes than its type and shape ask for.
    #[error(
        "{} in {path} has {found} bytes, which are not those of {element} in the shape {shape:?}; download it again",
        short(tensor)
    )]
    Size {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The tensor's type.
        element: Element,
        /// The tensor's shape.
        shape: Vec<usize>,
        /// The bytes that there are.
        found: usize,
    },
    /// A container of another format cannot be read.
    #[error("{path} cannot be read")]
    Container {
        /// The file.
        path: PathBuf,
        /// The reason, from the reader of the format.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A tensor that was asked for by name is not there.
    #[error("{path} holds no tensor {}", short(tensor))]
    NoTensor {
        /// The file or folder.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// A tensor that was asked for by name has another number of axes.
    #[error("{} in {path} has the shape {found:?}: expected {expected} axes", short(tensor))]
    Rank {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Axes asked for.
        expected: usize,
        /// The tensor's shape.
        found: Vec<usize>,
    },
    /// A tensor of a type that is not read.
    #[error("{} in {path} has the type {found}: expected F32, F16 or BF16; {}", short(tensor), found.remedy())]
    Type {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The tensor's type.
        found: Element,
    },
    /// A number that the asked-for type cannot hold.
    #[error("{} in {path} holds {value:e}, too large for {to:?}; choose another precision", short(tensor))]
    Overflow {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The number.
        value: f64,
        /// The type asked for.
        to: DType,
    },
    /// A device that cannot compute with the asked-for type.
    #[error("{device} cannot hold weights of type {to:?}; choose another precision")]
    Device {
        /// The device.
        device: String,
        /// The type asked for.
        to: DType,
    },
    /// The weights do not fit the model.
    #[error("{path} does not fit the {component}: {report}")]
    Report {
        /// The file or folder.
        path: PathBuf,
        /// The model, as [`Naming::component`](crate::Naming::component) calls it.
        component: String,
        /// The differences.
        report: Box<LoadReport>,
    },
}

impl From<FilesError> for WeightsError {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::Io { path, source, .. } => Self::Io { path, source },
            error => Self::File(error),
        }
    }
}

impl WeightsError {
    pub(crate) fn header(path: &Path, source: serde_json::Error) -> Self {
        Self::Header { path: path.to_owned(), source: shortened(source) }
    }

    pub(crate) fn index(path: &Path, source: serde_json::Error) -> Self {
        Self::Index { path: path.to_owned(), source: shortened(source) }
    }
}

/// Shortens an error, which may repeat the text that it is about.
fn shortened(error: serde_json::Error) -> serde_json::Error {
    let text = error.to_string();
    let shown = short(&text).to_string();
    if shown == text { error } else { serde::de::Error::custom(shown) }
}

impl Element {
    fn remedy(&self) -> &'static str {
        match self {
            Self::F64 => "convert the checkpoint",
            _ => "get the checkpoint in one of these",
        }
    }
}
