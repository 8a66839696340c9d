use std::path::PathBuf;
use std::sync::Arc;

use burn::prelude::*;
use burn::tensor::{DType, FloatDType};
use omnigen2_mllm::GenerationConfig;
use omnigen2_vae::Tile;

use crate::checkpoint::{Checkpoint, LooseFiles};
use crate::omnigen2::{Memory, OmniGen2, PromptCache};
use crate::parts::{Autoencoder, ChatModel, Critic, Denoiser, DitDenoiser, TextEncoder, TiledVae};
use crate::reader::Language;
use crate::slot::Slot;
use crate::weights::Storage;
use crate::{Error, Result};

/// The type of the activations of transformer and language model. The VAE always computes in F32. F16 is not
/// offered: the transformer overflows it, which shows as black pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// BF16 on a GPU that computes with it, F32 elsewhere.
    #[default]
    Auto,
    /// 32 bits.
    F32,
    /// 16 bits with the range of F32.
    Bf16,
}

impl Precision {
    /// The type of activations on a device.
    pub fn on(self, device: &Device) -> FloatDType {
        match self {
            Self::Auto if !is_cpu(device) && device.supports_dtype(DType::BF16) => FloatDType::BF16,
            Self::Auto | Self::F32 => FloatDType::F32,
            Self::Bf16 => FloatDType::BF16,
        }
    }
}

#[allow(deprecated, reason = "burn keeps ndarray until its next release")]
fn is_cpu(device: &Device) -> bool {
    let cpus: &[Device] = &[
        #[cfg(feature = "flex")]
        Device::flex(),
        #[cfg(feature = "ndarray")]
        Device::ndarray(),
    ];
    cpus.contains(device)
}

/// Settings and parts of a pipeline.
///
/// ```
/// use burn::prelude::Device;
/// use omnigen2_pipeline::{Memory, OmniGen2, Precision};
///
/// # let checkpoint = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny-checkpoint");
/// let omnigen2 = OmniGen2::builder(&Device::flex())
///     .checkpoint(checkpoint)?
///     .precision(Precision::F32)
///     .memory(Memory::Staged)
///     .build()?;
/// # Ok::<(), omnigen2_pipeline::Error>(())
/// ```
pub struct Builder {
    device: Device,
    checkpoint: Option<Checkpoint>,
    precision: Precision,
    storage: Storage,
    memory: Memory,
    tile: Tile,
    text: Option<Slot<dyn TextEncoder>>,
    chat: Option<Slot<dyn ChatModel>>,
    denoiser: Option<Slot<dyn Denoiser>>,
    autoencoder: Option<Slot<dyn Autoencoder>>,
    critic: Option<Box<dyn Critic>>,
}

impl Builder {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            device: device.clone(),
            checkpoint: None,
            precision: Precision::default(),
            storage: Storage::default(),
            memory: Memory::default(),
            tile: Tile::WHOLE,
            text: None,
            chat: None,
            denoiser: None,
            autoencoder: None,
            critic: None,
        }
    }

    /// The checkpoint in a directory of the published layout.
    ///
    /// # Errors
    /// If the directory or one of its parts is not there.
    pub fn checkpoint(self, directory: impl Into<PathBuf>) -> Result<Self> {
        let checkpoint = Some(Checkpoint::open(directory)?);
        Ok(Self { checkpoint, ..self })
    }

    /// The checkpoint made of loose files.
    ///
    /// # Errors
    /// If one of them is not there.
    pub fn files(self, files: LooseFiles) -> Result<Self> {
        Ok(Self { checkpoint: Some(Checkpoint::loose(files)?), ..self })
    }

    /// The type of activations.
    pub fn precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// The type in which weights rest.
    pub fn storage(self, storage: Storage) -> Self {
        Self { storage, ..self }
    }

    /// When parts are in memory.
    pub fn memory(self, memory: Memory) -> Self {
        Self { memory, ..self }
    }

    /// How much of a picture the VAE works on at a time. The picture is the same.
    pub fn tile(self, tile: Tile) -> Self {
        Self { tile, ..self }
    }

    /// A text encoder in place of the checkpoint's language model.
    pub fn text_encoder(self, part: impl TextEncoder + 'static) -> Self {
        Self { text: Some(Slot::ready("text encoder", Box::new(part))), ..self }
    }

    /// A chat model in place of the checkpoint's language model and vision tower.
    pub fn chat_model(self, part: impl ChatModel + 'static) -> Self {
        Self { chat: Some(Slot::ready("chat model", Box::new(part))), ..self }
    }

    /// A denoiser in place of the checkpoint's transformer.
    pub fn denoiser(self, part: impl Denoiser + 'static) -> Self {
        Self { denoiser: Some(Slot::ready("denoiser", Box::new(part))), ..self }
    }

    /// An autoencoder in place of the checkpoint's VAE.
    pub fn autoencoder(self, part: impl Autoencoder + 'static) -> Self {
        Self { autoencoder: Some(Slot::ready("autoencoder", Box::new(part))), ..self }
    }

    /// A critic in place of the chat model, for [reflection](OmniGen2::reflect).
    pub fn critic(self, part: impl Critic + 'static) -> Self {
        Self { critic: Some(Box::new(part)), ..self }
    }

    /// The pipeline. All names and shapes of the checkpoint are checked here; weights are loaded when they are
    /// first needed.
    ///
    /// # Errors
    /// If the checkpoint is not complete, or a part is neither in it nor given.
    pub fn build(self) -> Result<OmniGen2> {
        if let Some(checkpoint) = &self.checkpoint {
            checkpoint.verify(&self.device)?;
        }
        let lazy = Lazy {
            device: self.device.clone(),
            storage: self.storage,
            compute: self.precision.on(&self.device),
            tile: self.tile,
            memory: self.memory,
        };
        let missing = |part| Error::PartMissing { part };
        let checkpoint = self.checkpoint.as_ref();
        let mut autoencoder = self.autoencoder;
        let downscale = match (&mut autoencoder, checkpoint) {
            (Some(own), _) => own.get()?.downscale(),
            (None, Some(checkpoint)) => checkpoint.vae_config()?.downscale(),
            (None, None) => return Err(missing("autoencoder")),
        };
        let autoencoder = autoencoder.or_else(|| checkpoint.map(|c| lazy.autoencoder(c)));
        let generation = checkpoint.map(Checkpoint::generation_config).transpose()?.unwrap_or_default();
        let sampling = generation.sampling();
        let language = checkpoint.map(|checkpoint| lazy.language(checkpoint, generation));
        let text = self.text.or_else(|| language.clone().map(text_encoder));
        let chat = self.chat.or_else(|| language.map(chat_model));
        let denoiser = self.denoiser.or_else(|| checkpoint.map(|c| lazy.denoiser(c)));
        Ok(OmniGen2 {
            device: self.device,
            memory: self.memory,
            downscale,
            sampling,
            text: text.ok_or_else(|| missing("text encoder"))?,
            chat: chat.unwrap_or_else(|| {
                Slot::lazy("chat model", || Err(Error::PartMissing { part: "chat model" }))
            }),
            denoiser: denoiser.ok_or_else(|| missing("denoiser"))?,
            autoencoder: autoencoder.ok_or_else(|| missing("autoencoder"))?,
            critic: self.critic,
            prompts: PromptCache::default(),
        })
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("device", &self.device)
            .field("checkpoint", &self.checkpoint)
            .finish_non_exhaustive()
    }
}

/// How parts are loaded when they are first needed.
#[derive(Clone)]
struct Lazy {
    device: Device,
    storage: Storage,
    compute: FloatDType,
    tile: Tile,
    memory: Memory,
}

impl Lazy {
    fn language(&self, checkpoint: &Checkpoint, generation: GenerationConfig) -> Arc<Language> {
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

    fn denoiser(&self, checkpoint: &Checkpoint) -> Slot<dyn Denoiser> {
        let (lazy, checkpoint) = (self.clone(), checkpoint.clone());
        Slot::lazy("denoiser", move || {
            let dit = checkpoint.load_dit(&lazy.device, lazy.storage)?;
            Ok(Box::new(DitDenoiser::new(dit, lazy.compute)) as Box<dyn Denoiser>)
        })
    }

    fn autoencoder(&self, checkpoint: &Checkpoint) -> Slot<dyn Autoencoder> {
        let (lazy, checkpoint) = (self.clone(), checkpoint.clone());
        Slot::lazy("autoencoder", move || {
            let vae = checkpoint.load_vae(&lazy.device, lazy.storage)?;
            Ok(Box::new(TiledVae::new(vae, lazy.tile)) as Box<dyn Autoencoder>)
        })
    }
}

fn text_encoder(language: Arc<Language>) -> Slot<dyn TextEncoder> {
    Slot::lazy("text encoder", move || Ok(Box::new(language.reader()?) as Box<dyn TextEncoder>))
}

fn chat_model(language: Arc<Language>) -> Slot<dyn ChatModel> {
    Slot::lazy("chat model", move || Ok(Box::new(language.talker()?) as Box<dyn ChatModel>))
}
