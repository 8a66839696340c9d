use std::path::PathBuf;

use burn::tensor::DType;

use super::LoadReport;

/// Why weights could not be read. Each message names the file or tensor, what was expected, what was found
/// and, where there is one, the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// Nothing stands at the path.
    #[error(
        "there are no weights at {path}: expected a folder with `*.safetensors` files, or one such file; check the path or download the checkpoint"
    )]
    Missing {
        /// What was asked for.
        path: PathBuf,
    },
    /// The folder holds no weights.
    #[error(
        "{path} holds no weights: expected `*.safetensors.index.json` with its shards, or one `*.safetensors` file; download the checkpoint again"
    )]
    NoWeights {
        /// The folder that was searched.
        path: PathBuf,
    },
    /// The folder holds several files, any of which may be meant.
    #[error("{path} holds several files of weights: {}; expected one, or an index that joins them; name the one to use", files.join(", "))]
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
        /// Where it breaks off.
        source: serde_json::Error,
    },
    /// An index names a file outside its own folder.
    #[error("{index} names the shard {shard:?}: expected a file in or below the folder of the index")]
    Outside {
        /// The index.
        index: PathBuf,
        /// The path it names.
        shard: String,
    },
    /// A shard that an index names is not there.
    #[error("{shard} is missing though {index} names it; download it again")]
    MissingShard {
        /// The index.
        index: PathBuf,
        /// The file it names.
        shard: PathBuf,
    },
    /// An index promises a tensor that its shard does not hold.
    #[error("{index} says that {tensor} is in {shard}, but it is not; download both again")]
    NotInShard {
        /// The index.
        index: PathBuf,
        /// The tensor.
        tensor: String,
        /// The file in which it should be.
        shard: PathBuf,
    },
    /// Two shards hold a tensor of the same name.
    #[error("{tensor} is both in {first} and in {second}; keep only the files of one checkpoint")]
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
        /// What is wrong.
        source: serde_json::Error,
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
    /// A tensor that was asked for by name is not there.
    #[error("{path} holds no tensor {tensor}")]
    NoTensor {
        /// The file or folder.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// A tensor that was asked for by name has another number of axes.
    #[error("{tensor} in {path} has the shape {found:?}: expected {expected} axes")]
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
    #[error("{tensor} in {path} has the type {found}: expected F32, F16 or BF16; convert the file")]
    Type {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its type.
        found: String,
    },
    /// A number that the asked-for type cannot hold.
    #[error("{tensor} in {path} holds {value:e}, too large for {to:?}; choose another precision")]
    Overflow {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The number.
        value: f32,
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
        /// The model, as [`Naming::component`](super::Naming::component) calls it.
        component: String,
        /// All that does not fit.
        report: Box<LoadReport>,
    },
}
