use std::sync::Arc;

use burn::prelude::*;
use burn::tensor::FloatDType;
use omnigen2_mllm::GenerationConfig;
use omnigen2_vae::Tile;

use crate::Memory;
use crate::checkpoint::Checkpoint;
use crate::lora::Loras;
use crate::parts::{Autoencoder, ChatModel, Denoiser, DitDenoiser, TextEncoder, TiledVae};
use crate::reader::Language;
use crate::slot::Slot;
use crate::weights::Storage;

/// How parts are loaded when they are first needed.
#[derive(Clone)]
pub(crate) struct Lazy {
    pub(crate) device: Device,
    pub(crate) storage: Storage,
    pub(crate) compute: FloatDType,
    /// None, if it follows the size of the picture.
    pub(crate) tile: Option<Tile>,
    pub(crate) memory: Memory,
}

impl Lazy {
    pub(crate) fn language(&self, checkpoint: &Checkpoint, generation: GenerationConfig) -> Arc<Language> {
        Arc::new(Language {
            checkpoint: checkpoint.clone(),
            device: self.device.clone(),
            storage: self.storage,
            compute: self.compute,
            memory: self.memory,
            generation,
            shared: Default::default(),
        })
    }

    pub(crate) fn denoiser(&self, checkpoint: &Checkpoint, loras: &Loras) -> Slot<dyn Denoiser> {
        let (lazy, checkpoint, loras) = (self.clone(), checkpoint.clone(), loras.clone());
        Slot::lazy("denoiser", move || {
            let dit = loras.merge_into(checkpoint.load_dit(&lazy.device, lazy.storage)?)?;
            let mut denoiser = DitDenoiser::new(dit, lazy.compute);
            denoiser.adapt(&loras.apart())?;
            Ok(Box::new(denoiser) as Box<dyn Denoiser>)
        })
    }

    pub(crate) fn autoencoder(&self, checkpoint: &Checkpoint) -> Slot<dyn Autoencoder> {
        let (lazy, checkpoint) = (self.clone(), checkpoint.clone());
        Slot::lazy("autoencoder", move || {
            let vae = checkpoint.load_vae(&lazy.device, lazy.storage)?;
            let vae = match lazy.tile {
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
