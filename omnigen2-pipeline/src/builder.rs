use std::path::{Path, PathBuf};

use burn::prelude::*;
use omnigen2_dit::{MAX_REFERENCES, StepCaches};
use omnigen2_mllm::GenerationConfig;
use omnigen2_vae::Tile;

use crate::checkpoint::{Checkpoint, LooseFiles};
use crate::engine::slot::Slot;
use crate::engine::{Engine, LatentFormat, Loader, Parts, Placement, Settings, chat_model, text_encoder};
use crate::lora::{Adapter, Loras};
use crate::memory::{Available, Left, Plan, Planner, Setup};
use crate::omnigen2::OmniGen2;
use crate::parts::{Autoencoder, ChatModel, Critic, Denoiser, TextEncoder};
use crate::values::{ImageRequest, Memory, Precision};
use crate::weights::Storage;
use crate::{Error, Result};

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
    placement: Placement,
    checkpoint: Option<Checkpoint>,
    precision: Precision,
    storage: Storage,
    memory: Memory,
    limit: Option<u64>,
    tile: Option<Tile>,
    loras: Vec<Adapter>,
    step_caches: Option<StepCaches>,
    text: Option<Slot<dyn TextEncoder>>,
    chat: Option<Slot<dyn ChatModel>>,
    denoiser: Option<Slot<dyn Denoiser>>,
    autoencoder: Option<Slot<dyn Autoencoder>>,
    critic: Option<Box<dyn Critic>>,
}

impl OmniGen2 {
    /// The checkpoint in a directory, with every setting at its default.
    ///
    /// # Errors
    /// If the checkpoint is not complete.
    pub fn load(checkpoint: impl Into<PathBuf>, device: &Device) -> Result<Self> {
        Builder::new(device).checkpoint(checkpoint)?.build()
    }

    /// Settings and parts, one by one.
    pub fn builder(device: &Device) -> Builder {
        Builder::new(device)
    }
}

impl Builder {
    fn new(device: &Device) -> Self {
        Self {
            placement: Placement::on(device),
            checkpoint: None,
            precision: Precision::default(),
            storage: Storage::default(),
            memory: Memory::default(),
            limit: None,
            tile: None,
            loras: Vec::new(),
            step_caches: None,
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

    /// A checkpoint that is open already, such as an [embedded](Checkpoint::embedded) one.
    pub fn from_checkpoint(self, checkpoint: Checkpoint) -> Self {
        Self { checkpoint: Some(checkpoint), ..self }
    }

    /// The checkpoint made of loose files.
    ///
    /// # Errors
    /// If one of them is not there.
    pub fn files(self, files: LooseFiles) -> Result<Self> {
        Ok(Self { checkpoint: Some(Checkpoint::loose(files)?), ..self })
    }

    /// The device of each part, in place of one for all.
    ///
    /// ```
    /// use burn::prelude::Device;
    /// use omnigen2_pipeline::{OmniGen2, Placement};
    ///
    /// # let checkpoint = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny-checkpoint");
    /// # let gpu = Device::flex();
    /// let placement = Placement { text: Device::flex(), ..Placement::on(&gpu) };
    /// let omnigen2 = OmniGen2::builder(&gpu).checkpoint(checkpoint)?.placement(placement.clone()).build()?;
    /// assert_eq!(omnigen2.placement(), &placement);
    /// # Ok::<(), omnigen2_pipeline::Error>(())
    /// ```
    pub fn placement(self, placement: Placement) -> Self {
        Self { placement, ..self }
    }

    /// The type of activations.
    pub fn precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// The type in which weights rest.
    pub fn storage(self, storage: Storage) -> Self {
        Self { storage, ..self }
    }

    /// Sets when parts are in memory. Without it they stay where all together fit, and are put away where not.
    pub fn memory(self, memory: Memory) -> Self {
        Self { memory, ..self }
    }

    /// Limits the bytes that may be planned with, in place of what the machine says it has. Nothing is kept from taking
    /// more: requests are refused that are estimated to.
    pub fn memory_limit(self, bytes: u64) -> Self {
        Self { limit: Some(bytes), ..self }
    }

    /// Sets how much of a picture the VAE works on at a time. The picture is the same, up to rounding. Without it pictures
    /// of more than 512×512 pixels are worked on in tiles.
    pub fn tile(self, tile: Tile) -> Self {
        Self { tile: Some(tile), ..self }
    }

    /// An adapter to be put into the transformer's weights when these are loaded, `scale` of it; there may be several.
    ///
    /// # Errors
    /// If there is none at the path, or it is not sound. Whether it fits the transformer is seen in
    /// [`build`](Self::build).
    pub fn lora(mut self, path: impl AsRef<Path>, scale: f64) -> Result<Self> {
        self.loras.push(Adapter::open(path)?.scaled(scale)?);
        Ok(self)
    }

    /// Step caches of the caller's own, in place of those that requests name.
    pub fn step_caches(self, caches: StepCaches) -> Self {
        Self { step_caches: Some(caches), ..self }
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

    /// Plans what a request would take in memory with these settings, as far as it comes from the checkpoint. Nothing is
    /// loaded.
    ///
    /// # Errors
    /// If there is no checkpoint, its headers or configurations cannot be read, or the request cannot be met.
    pub fn plan(&self, request: &ImageRequest) -> Result<Plan> {
        if self.checkpoint.is_none() {
            return Err(Error::PartMissing { part: "checkpoint" });
        }
        self.planner(&self.loras()?)?.ok_or(Error::PartMissing { part: "checkpoint" })?.plan(request)
    }

    /// The pipeline. All names and shapes of the checkpoint are checked here; weights are loaded when they are
    /// first needed.
    ///
    /// # Errors
    /// If the checkpoint is not complete, a part is neither in it nor given, or an adapter does not fit.
    pub fn build(mut self) -> Result<OmniGen2> {
        if let Some(checkpoint) = &self.checkpoint {
            checkpoint.verify(&self.placement.denoiser)?;
        }
        let loras = self.loras()?;
        let planner = self.planner(&loras)?;
        let generation = self.checkpoint.as_ref().map(Checkpoint::generation_config).transpose()?;
        let generation = generation.unwrap_or_default();
        let settings = Settings {
            memory: self.mode(planner.as_ref())?,
            latents: self.latents()?,
            loras,
            step_caches: self.step_caches.clone(),
            sampling: generation.sampling(),
            placement: self.placement.clone(),
            planner,
        };
        let parts = self.parts(&settings.loras, generation)?;
        Ok(OmniGen2::new(Engine::new(settings, parts)))
    }

    /// The parts that were given, and of the others those of the checkpoint.
    fn parts(self, loras: &Loras, generation: GenerationConfig) -> Result<Parts> {
        let loader = self.loader();
        let checkpoint = self.checkpoint.as_ref();
        let language = checkpoint.map(|checkpoint| loader.language(checkpoint, generation));
        let text = self.text.or_else(|| language.clone().map(text_encoder));
        let chat = self.chat.or_else(|| language.map(chat_model));
        let denoiser = self.denoiser.or_else(|| checkpoint.map(|c| loader.denoiser(c, loras)));
        let autoencoder = self.autoencoder.or_else(|| checkpoint.map(|c| loader.autoencoder(c)));
        Ok(Parts {
            text: text.ok_or(Error::PartMissing { part: "text encoder" })?,
            chat: chat.unwrap_or_else(|| {
                Slot::lazy("chat model", || Err(Error::PartMissing { part: "chat model" }))
            }),
            denoiser: denoiser.ok_or(Error::PartMissing { part: "denoiser" })?,
            autoencoder: autoencoder.ok_or(Error::PartMissing { part: "autoencoder" })?,
            critic: self.critic,
        })
    }

    fn loader(&self) -> Loader {
        Loader {
            placement: self.placement.clone(),
            storage: self.storage,
            precision: self.precision,
            tile: self.tile,
        }
    }

    /// The format of latents, from parts of the caller's own where there are some, else from configurations.
    fn latents(&mut self) -> Result<LatentFormat> {
        let checkpoint = self.checkpoint.as_ref();
        let downscale = match (&mut self.autoencoder, checkpoint) {
            (Some(own), _) => own.get()?.downscale(),
            (None, Some(checkpoint)) => checkpoint.vae_config()?.downscale(),
            (None, None) => return Err(Error::PartMissing { part: "autoencoder" }),
        };
        let (channels, max_references) = match (&mut self.denoiser, checkpoint) {
            (Some(own), _) => own.get().map(|own| (own.latent_channels(), own.max_references()))?,
            (None, Some(checkpoint)) => (checkpoint.dit_config()?.in_channels, MAX_REFERENCES),
            (None, None) => return Err(Error::PartMissing { part: "denoiser" }),
        };
        Ok(LatentFormat { channels, downscale, max_references })
    }

    fn loras(&self) -> Result<Loras> {
        let checkpoint = self.checkpoint.as_ref().filter(|_| self.denoiser.is_none());
        let transformer = checkpoint.map(Checkpoint::dit_config).transpose()?;
        Ok(Loras::new(&self.placement.denoiser, transformer).merging(self.loras.clone())?)
    }

    fn planner(&self, loras: &Loras) -> Result<Option<Planner>> {
        let Some(checkpoint) = &self.checkpoint else { return Ok(None) };
        let device = &self.placement.denoiser;
        let setup = Setup {
            device: device.clone(),
            storage: self.storage,
            compute: self.precision.on(device),
            left: self.left(),
        };
        let planner = Planner::new(checkpoint, setup)?.tiled(self.tile).keeping(self.memory);
        let planner = planner.adapting(loras.taken()).caching(self.step_caches.clone());
        Ok(Some(match self.limit {
            Some(bytes) => planner.within(Available::Limit(bytes)),
            None => planner,
        }))
    }

    /// The parts that are not planned: the caller's own, and those on other devices than the denoiser's.
    fn left(&self) -> Left {
        let elsewhere = |device: &Device| *device != self.placement.denoiser;
        Left {
            text: self.text.is_some() || elsewhere(&self.placement.text),
            chat: self.chat.is_some() || elsewhere(&self.placement.text),
            vision: self.chat.is_some() || elsewhere(&self.placement.vision),
            denoiser: self.denoiser.is_some(),
            autoencoder: self.autoencoder.is_some() || elsewhere(&self.placement.autoencoder),
        }
    }

    /// Resident or staged, by what a picture of the usual size takes. Parts of the caller's own cannot be put away.
    fn mode(&self, planner: Option<&Planner>) -> Result<Memory> {
        match (self.memory, planner) {
            (Memory::Auto, None) => Ok(Memory::Resident),
            (Memory::Auto, Some(planner)) => {
                let plan = planner.plan(&ImageRequest::default())?;
                tracing::info!("{}", plan.choice());
                Ok(plan.memory)
            }
            (asked, _) => Ok(asked),
        }
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("placement", &self.placement)
            .field("checkpoint", &self.checkpoint)
            .finish_non_exhaustive()
    }
}
