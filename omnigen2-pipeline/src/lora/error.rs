use std::path::PathBuf;

use crate::weights::WeightsError;
use omnigen2_files::short;

/// The reason why an adapter cannot be read, used, begun or written. Each message names the file and tensor, what was expected,
/// what was found and, where there is one, the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoraError {
    /// Nothing stands at the path, or a folder without an adapter.
    #[error("there is no adapter at {}: expected a safetensors file, or a folder that holds pytorch_lora_weights.safetensors or adapter_model.safetensors; check the path", path.display())]
    Missing {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The file holds nothing.
    #[error("{} holds no tensors: it is no adapter", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The settings beside an adapter or in its header cannot be read.
    #[error("the settings of the adapter, {place} at {}, cannot be read", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// The place of the settings.
        place: &'static str,
        /// The place where they break off.
        source: serde_json::Error,
    },
    /// The settings beside an adapter cannot be opened.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The adapter is of a kind that is not computed here.
    #[error("the adapter {} asks for {}; only plain LoRA can be used", path.display(), short(what))]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The kind that it asks for.
        what: String,
    },
    /// A tensor whose name is not that of a part of an adapter.
    #[error("{} in {} is no part of a LoRA adapter: expected names that end in lora_A.weight and lora_B.weight, lora_down.weight and lora_up.weight, or alpha", short(tensor), path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// A tensor that changes the language model.
    #[error("{} in {} changes the language model: only adapters of the diffusion transformer can be used", short(tensor), path.display())]
    LanguageModel {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// A tensor for a layer that the transformer does not have.
    #[error("{} in {} fits nothing: the transformer has no linear layer {}; is the adapter of another model?", short(tensor), path.display(), short(layer))]
    NoLayer {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The layer that it is for.
        layer: String,
    },
    /// A layer with one factor of two.
    #[error("{} changes {} without a tensor {missing} for it; save or download the adapter again", path.display(), short(layer))]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// The layer.
        layer: String,
        /// The factor that is missing.
        missing: &'static str,
    },
    /// Two tensors are the same factor.
    #[error("{} and {} in {} are the same factor of one layer: expected one adapter in the file", short(first), short(second), path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The first tensor.
        first: String,
        /// The second tensor.
        second: String,
    },
    /// A factor of another shape than the layer and the other factor ask for.
    #[error("{} in {} has the shape {found:?}: expected {expected}; is the adapter of another model?", short(tensor), path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The shape that fits.
        expected: String,
        /// The tensor's shape.
        found: Vec<usize>,
    },
    /// A number that is none, or infinite.
    #[error("{} in {} holds {found}: expected finite numbers; train or download the adapter again", short(tensor), path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor, or the setting.
        tensor: String,
        /// The number.
        found: f64,
    },
    /// A strength that is no number.
    #[error("an adapter cannot act with the scale {scale}: expected a finite number, such as 0.8")]
    Scale {
        /// The value that was asked for.
        scale: f64,
    },
    /// Adapters that cannot be begun so.
    #[error("{setting} of the adapters is {found}: expected {expected}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// The values that are possible.
        expected: String,
        /// The value that was asked for.
        found: String,
    },
    /// A network that has adapters already.
    #[error(
        "the transformer has adapters on it already; put these into the weights first, or begin with the bare one"
    )]
    Attached,
    /// A network without adapters was to be saved.
    #[error("the transformer has no adapters on it, so there are none to save")]
    NothingToSave,
    /// An adapter's file cannot be written.
    #[error("cannot write the adapter {}; check that its folder exists, can be written to and has room", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A pipeline whose denoiser takes no adapters.
    #[error(
        "the pipeline's denoiser is not the checkpoint's and takes no adapters; leave out one of the two"
    )]
    OwnDenoiser,
}
