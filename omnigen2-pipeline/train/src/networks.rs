use burn::module::Module;
use burn::prelude::*;
use omnigen2_dit::Dit;
use omnigen2_mllm::Mllm;
use omnigen2_vae::Vae;
use omnigen2_vit::Vit;

use super::error::Result;
use super::initial::initialise;
use super::recipe::{Part, Recipe};
use omnigen2_pipeline::weights::Storage;
use omnigen2_pipeline::{Checkpoint, lora};

/// The networks of a run that learn; no others are in it.
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

impl Networks {
    /// Begins the parts that learn, fresh or as the checkpoint has them.
    pub(crate) fn begin(recipe: &Recipe, checkpoint: &Checkpoint, device: &Device) -> Result<Self> {
        let storage = Storage::F32;
        if let Some(config) = &recipe.lora {
            let transformer = lora::fresh(checkpoint.load_dit(device, storage)?, config, recipe.seed)?;
            return Ok(Self { vae: None, transformer: Some(transformer), mllm: None, vit: None });
        }
        let networks = Self {
            vae: begin(
                recipe,
                Part::Vae,
                || Ok(checkpoint.vae_config()?.init(device)),
                || checkpoint.load_vae(device, storage),
            )?,
            transformer: begin(
                recipe,
                Part::Transformer,
                || Ok(checkpoint.dit_config()?.init(device)),
                || checkpoint.load_dit(device, storage),
            )?,
            mllm: begin(
                recipe,
                Part::Mllm,
                || Ok(checkpoint.mllm_config()?.init(device)),
                || checkpoint.load_mllm(device, storage),
            )?,
            vit: begin(
                recipe,
                Part::Vit,
                || Ok(checkpoint.vit_config()?.init(device)),
                || checkpoint.load_vit(device, storage),
            )?,
        };
        Ok(networks.set_require_grad(true))
    }
}

/// Begins a part if it learns.
fn begin<M: Module>(
    recipe: &Recipe,
    part: Part,
    empty: impl FnOnce() -> omnigen2_pipeline::Result<M>,
    load: impl FnOnce() -> omnigen2_pipeline::Result<M>,
) -> Result<Option<M>> {
    if !recipe.learn.contains(&part) {
        return Ok(None);
    }
    let is_fresh = recipe.fresh.contains(&part);
    Ok(Some(if is_fresh { initialise(empty()?, recipe.seed) } else { load()? }))
}
