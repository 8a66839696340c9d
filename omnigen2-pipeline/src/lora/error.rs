use std::path::PathBuf;

use crate::weights::WeightsError;

/// Why an adapter cannot be read, used, begun or written. Each message names the file and tensor, what was expected,
/// what was found and, where there is one, the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoraError {
    /// Nothing stands at the path, or a folder without an adapter.
    #[error("there is no adapter at {}: expected a safetensors file, or a folder that holds pytorch_lora_weights.safetensors or adapter_model.safetensors; check the path", path.display())]
    Missing {
        /// What was asked for.
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
        /// Which settings.
        place: &'static str,
        /// Where they break off.
        source: serde_json::Error,
    },
    /// The settings beside an adapter cannot be opened.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The adapter is of a kind that is not computed here.
    #[error("the adapter {} asks for {what}; only plain LoRA can be used", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it asks for.
        what: String,
    },
    /// A tensor whose name is not that of a part of an adapter.
    #[error("{tensor} in {} is no part of a LoRA adapter: expected names that end in lora_A.weight and lora_B.weight, lora_down.weight and lora_up.weight, or alpha", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// A tensor that changes the language model.
    #[error("{tensor} in {} changes the language model: only adapters of the diffusion transformer can be used", path.display())]
    LanguageModel {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// A tensor for a layer that the transformer does not have.
    #[error("{tensor} in {} fits nothing: the transformer has no linear layer {layer}; is the adapter of another model?", path.display())]
    NoLayer {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The layer that it is for.
        layer: String,
    },
    /// One of the two factors is not there.
    #[error("{} changes {layer} without a tensor {missing} for it; save or download the adapter again", path.display())]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// The layer.
        layer: String,
        /// What is missing.
        missing: &'static str,
    },
    /// Two tensors are the same factor.
    #[error("{first} and {second} in {} are the same factor of one layer: expected one adapter in the file", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// One tensor.
        first: String,
        /// The other.
        second: String,
    },
    /// A factor of another shape than the layer and the other factor ask for.
    #[error("{tensor} in {} has the shape {found:?}: expected {expected}; is the adapter of another model?", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The shape that fits.
        expected: String,
        /// Its shape.
        found: Vec<usize>,
    },
    /// A number that is none, or infinite.
    #[error("{tensor} in {} holds {found}: expected finite numbers; train or download the adapter again", path.display())]
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
        /// What was asked for.
        scale: f64,
    },
    /// Adapters that cannot be begun so.
    #[error("{setting} of the adapters is {found}: expected {expected}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What is expected.
        expected: String,
        /// What was asked for.
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
        /// What the system said.
        source: std::io::Error,
    },
    /// A pipeline whose denoiser takes no adapters.
    #[error(
        "the pipeline's denoiser is not the checkpoint's and takes no adapters; leave out one of the two"
    )]
    OwnDenoiser,
}
