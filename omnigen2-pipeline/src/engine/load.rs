use std::sync::Arc;

use omnigen2_mllm::GenerationConfig;
use omnigen2_vae::Tile;

use super::placement::Placement;
use super::reader::Language;
use super::slot::Slot;
use crate::checkpoint::Checkpoint;
use crate::lora::Loras;
use crate::networks::{DitDenoiser, TiledVae};
use crate::parts::{Autoencoder, ChatModel, Denoiser, TextEncoder};
use crate::values::Precision;
use crate::weights::Storage;

/// How parts are loaded when they are first needed.
#[derive(Clone)]
pub(crate) struct Loader {
    pub(crate) placement: Placement,
    pub(crate) storage: Storage,
    pub(crate) precision: Precision,
    /// None, if it follows the size of the picture.
    pub(crate) tile: Option<Tile>,
}

impl Loader {
    pub(crate) fn language(&self, checkpoint: &Checkpoint, generation: GenerationConfig) -> Arc<Language> {
        Arc::new(Language {
            checkpoint: checkpoint.clone(),
            text: self.placement.text.clone(),
            vision: self.placement.vision.clone(),
            storage: self.storage,
            precision: self.precision,
            generation,
            shared: Default::default(),
        })
    }

    pub(crate) fn denoiser(&self, checkpoint: &Checkpoint, loras: &Loras) -> Slot<dyn Denoiser> {
        let (loader, checkpoint, loras) = (self.clone(), checkpoint.clone(), loras.clone());
        Slot::lazy("denoiser", move || {
            let Loader { placement, storage, precision, .. } = &loader;
            let device = &placement.denoiser;
            let dit = loras.merge_into(checkpoint.load_dit(device, *storage)?)?;
            let mut denoiser = DitDenoiser::new(precision.of_products(dit, device), precision.on(device));
            let apart = loras.apart();
            if !apart.is_empty() {
                denoiser.adapt(&apart)?;
            }
            Ok(Box::new(denoiser) as Box<dyn Denoiser>)
        })
    }

    pub(crate) fn autoencoder(&self, checkpoint: &Checkpoint) -> Slot<dyn Autoencoder> {
        let (loader, checkpoint) = (self.clone(), checkpoint.clone());
        Slot::lazy("autoencoder", move || {
            let vae = checkpoint.load_vae(&loader.placement.autoencoder, loader.storage)?;
            let vae = match loader.tile {
                Some(tile) => TiledVae::new(vae, tile),
                None => TiledVae::by_size(vae),
            };
            Ok(Box::new(vae) as Box<dyn Autoencoder>)
        })
    }
}

pub(crate) fn text_encoder(language: Arc<Language>) -> Slot<dyn TextEncoder> {
    Slot::lazy("text encoder", move || Ok(Box::new(language.reader()?) as Box<dyn TextEncoder>))
}

pub(crate) fn chat_model(language: Arc<Language>) -> Slot<dyn ChatModel> {
    Slot::lazy("chat model", move || Ok(Box::new(language.talker()?) as Box<dyn ChatModel>))
}
