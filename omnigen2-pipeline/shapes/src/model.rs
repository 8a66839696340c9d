//! The small model that is inside this crate.

use burn::prelude::*;
use omnigen2_pipeline::{Checkpoint, OmniGen2, Result};

macro_rules! embed {
    ($($file:literal),* $(,)?) => {
        &[$(($file, include_bytes!(concat!("../model/", $file)))),*]
    };
}

const FILES: &[(&str, &[u8])] = embed![
    "mllm/config.json",
    "mllm/generation_config.json",
    "mllm/model.safetensors",
    "processor/preprocessor_config.json",
    "processor/tokenizer.json",
    "transformer/config.json",
    "transformer/diffusion_pytorch_model.safetensors",
    "vae/config.json",
    "vae/diffusion_pytorch_model.safetensors",
];

/// Loads the small model of the shapes world, to begin without a download and to test what is built upon pictures.
/// It knows nothing but simple shapes.
///
/// ```
/// use burn::prelude::Device;
///
/// let mut omnigen2 = omnigen2_shapes::model(&Device::flex())?;
/// let request = omnigen2_shapes::request("a large purple circle on a white background").seed(1);
/// let pictures = omnigen2.generate(&request)?.finish()?;
/// assert_eq!(pictures[0].dimensions(), (64, 64));
/// # Ok::<(), omnigen2_pipeline::Error>(())
/// ```
///
/// # Errors
/// If the device cannot hold its weights.
pub fn model(device: &Device) -> Result<OmniGen2> {
    OmniGen2::builder(device).from_checkpoint(checkpoint()).build()
}

/// Returns the checkpoint of the small model, which is inside this crate: nothing is read from disk.
pub fn checkpoint() -> Checkpoint {
    Checkpoint::embedded("shapes/model", FILES)
}
