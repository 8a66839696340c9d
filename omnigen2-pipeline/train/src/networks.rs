use burn::prelude::*;
use omnigen2_dit::Dit;
use omnigen2_mllm::Mllm;
use omnigen2_vae::Vae;
use omnigen2_vit::Vit;

/// The networks of a run that learn. Those that do not are no part of it.
#[derive(Module, Debug)]
pub struct Networks {
    /// The autoencoder.
    pub vae: Option<Vae>,
    /// The diffusion transformer.
    pub transformer: Option<Dit>,
    /// The language model.
    pub mllm: Option<Mllm>,
    /// The vision tower.
    pub vit: Option<Vit>,
}
