use std::path::PathBuf;

use super::files::{Embedded, Files};
use super::{Checkpoint, Source};

macro_rules! embed {
    ($($file:literal),* $(,)?) => {
        &[$((concat!("shapes/model/", $file), include_bytes!(concat!("../../shapes/model/", $file)))),*]
    };
}

const FILES: Embedded = Embedded(embed![
    "mllm/config.json",
    "mllm/generation_config.json",
    "mllm/model.safetensors",
    "processor/preprocessor_config.json",
    "processor/tokenizer.json",
    "transformer/config.json",
    "transformer/diffusion_pytorch_model.safetensors",
    "vae/config.json",
    "vae/diffusion_pytorch_model.safetensors",
]);

impl Checkpoint {
    /// The model of the [shapes world](crate::shapes), which is inside this library: nothing is read from disk.
    pub fn shapes() -> Self {
        let root = PathBuf::from("shapes/model");
        let source =
            |part| Source { weights: root.join(part), config: Some(root.join(part).join("config.json")) };
        Self {
            files: Files::Program(FILES),
            transformer: source("transformer"),
            mllm: source("mllm"),
            vae: source("vae"),
            processor: root.join("processor"),
            root,
        }
    }
}
