//! The parts at work: which are loaded, where they compute, what stays in memory, and what was read already. What a
//! picture is for, the engine never knows.

mod diagnosis;
mod features;
mod load;
mod placement;
pub mod reader;
pub mod slot;

use burn::prelude::*;
use omnigen2_dit::StepCaches;
use omnigen2_mllm::Sampling;

use self::slot::Slot;
use crate::Result;
use crate::lora::{Adapter, Loras};
use crate::memory::{Memory, Plan, Planner, admit};
use crate::parts::{Allowance, Autoencoder, ChatModel, Critic, Denoiser, TextEncoder};
use crate::values::{Conversation, ImageRequest};

pub(crate) use self::features::FeatureCache;
pub(crate) use self::load::{Loader, chat_model, text_encoder};
pub use self::placement::Placement;
pub(crate) use self::placement::move_to;

/// The parts of a pipeline and the memory that they may take.
pub(crate) struct Engine {
    placement: Placement,
    /// Resident or staged.
    memory: Memory,
    /// None, without a checkpoint.
    planner: Option<Planner>,
    latents: LatentFormat,
    sampling: Sampling,
    loras: Loras,
    /// None, if each request names its own.
    step_caches: Option<StepCaches>,
    parts: Parts,
    features: FeatureCache,
}

/// The parts, loaded or to be loaded.
pub(crate) struct Parts {
    pub(crate) text: Slot<dyn TextEncoder>,
    pub(crate) chat: Slot<dyn ChatModel>,
    pub(crate) denoiser: Slot<dyn Denoiser>,
    pub(crate) autoencoder: Slot<dyn Autoencoder>,
    /// The caller's own, if there is one.
    pub(crate) critic: Option<Box<dyn Critic>>,
}

/// How latents look, known before any part is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LatentFormat {
    pub(crate) channels: usize,
    /// How many pixels a latent pixel spans on each side.
    pub(crate) downscale: usize,
    /// How many references the denoiser tells apart.
    pub(crate) max_references: usize,
}

/// How an engine works, beside its parts.
pub(crate) struct Settings {
    pub(crate) placement: Placement,
    pub(crate) memory: Memory,
    pub(crate) planner: Option<Planner>,
    pub(crate) latents: LatentFormat,
    /// How the checkpoint chooses the tokens of replies.
    pub(crate) sampling: Sampling,
    pub(crate) loras: Loras,
    pub(crate) step_caches: Option<StepCaches>,
}

/// The chat model, what it may keep, and where features of what it reads are kept.
pub(crate) struct Chat<'e> {
    pub(crate) model: &'e mut dyn ChatModel,
    pub(crate) allowance: Allowance,
    pub(crate) features: &'e mut FeatureCache,
}

/// A stage of a task, by the part that works in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Text,
    Chat,
    Denoiser,
    Autoencoder,
}

impl Engine {
    pub(crate) fn new(settings: Settings, parts: Parts) -> Self {
        let Settings { placement, memory, planner, latents, sampling, loras, step_caches } = settings;
        let features = FeatureCache::default();
        Self { placement, memory, planner, latents, sampling, loras, step_caches, parts, features }
    }

    pub(crate) fn placement(&self) -> &Placement {
        &self.placement
    }

    pub(crate) fn latents(&self) -> LatentFormat {
        self.latents
    }

    pub(crate) fn sampling(&self) -> Sampling {
        self.sampling
    }

    /// The step caches of a request's branches: the builder's, or else those that the request names.
    pub(crate) fn step_caches(&self, request: &ImageRequest) -> StepCaches {
        self.step_caches.clone().unwrap_or_else(|| request.step_cache.into())
    }

    /// The plan of a request, as far as it comes from the checkpoint; none, without one.
    pub(crate) fn plan(&self, request: &ImageRequest) -> Result<Option<Plan>> {
        self.planner.as_ref().map(|planner| planner.plan(request)).transpose()
    }

    /// Makes sure that the requests fit, and keeps or puts away parts as that takes.
    pub(crate) fn admit(&mut self, requests: &[ImageRequest]) -> Result<()> {
        let Some(planner) = &self.planner else { return Ok(()) };
        let plans = requests.iter().map(|request| admit(planner, request)).collect::<Result<Vec<_>>>()?;
        let staged = plans.iter().find(|plan| plan.memory == Memory::Staged);
        if let Some(plan) = staged.filter(|_| self.memory == Memory::Resident) {
            tracing::info!("{}", plan.choice());
        }
        self.memory = staged.map_or(Memory::Resident, |plan| plan.memory);
        Ok(())
    }

    /// Puts adapters beside the denoiser's weights, in place of all that it has.
    pub(crate) fn set_loras(&mut self, adapters: Vec<Adapter>) -> Result<()> {
        self.loras.check(&adapters)?;
        if self.loras.are_merged() {
            self.parts.denoiser.release();
        } else if self.parts.denoiser.is_loaded() {
            self.parts.denoiser.get_mut()?.adapt(&adapters)?;
        }
        self.loras.set(adapters);
        self.planner = self.planner.take().map(|planner| planner.adapting(self.loras.taken()));
        Ok(())
    }

    /// The features of a prompt where the denoiser is, read at most once while they are remembered.
    pub(crate) fn read(&mut self, prompt: &str, max_tokens: usize) -> Result<Tensor<3>> {
        if let Some(features) = self.features.prompt(prompt, max_tokens) {
            return Ok(features);
        }
        self.enter(Stage::Text);
        let read = self.parts.text.get()?.encode(prompt, max_tokens)?;
        if read.dropped > 0 {
            tracing::warn!(
                "the prompt is longer than the {max_tokens} tokens that are read: {} at its end are left out",
                read.dropped
            );
        }
        let features = move_to(read.features, &self.placement.denoiser);
        self.features.keep_prompt(prompt, max_tokens, features.clone());
        Ok(features)
    }

    /// The features of a conversation where the denoiser is, read at most once while they are remembered.
    pub(crate) fn read_conversation(&mut self, conversation: &Conversation) -> Result<Tensor<3>> {
        if let Some(features) = self.features.conversation(conversation) {
            return Ok(move_to(features, &self.placement.denoiser));
        }
        let Chat { model, allowance, features: kept } = self.chat()?;
        let features = model.features(conversation, allowance)?;
        kept.keep_conversation(conversation, features.clone());
        Ok(move_to(features, &self.placement.denoiser))
    }

    pub(crate) fn chat(&mut self) -> Result<Chat<'_>> {
        self.enter(Stage::Chat);
        let allowance = self.allowance();
        Ok(Chat { model: self.parts.chat.get_mut()?, allowance, features: &mut self.features })
    }

    pub(crate) fn denoiser(&mut self) -> Result<&dyn Denoiser> {
        self.enter(Stage::Denoiser);
        self.parts.denoiser.get()
    }

    pub(crate) fn autoencoder(&mut self) -> Result<&dyn Autoencoder> {
        self.enter(Stage::Autoencoder);
        self.parts.autoencoder.get()
    }

    /// The autoencoder beside a denoiser that goes on afterwards, and is put away for neither.
    pub(crate) fn autoencoder_meanwhile(&mut self) -> Result<&dyn Autoencoder> {
        self.parts.autoencoder.get()
    }

    /// Puts away what [`autoencoder_meanwhile`](Self::autoencoder_meanwhile) loaded.
    pub(crate) fn go_on_denoising(&mut self) {
        self.enter(Stage::Denoiser);
    }

    /// The critic of the caller's own, if there is one.
    pub(crate) fn critic(&mut self) -> Option<&mut dyn Critic> {
        match &mut self.parts.critic {
            Some(critic) => Some(critic.as_mut()),
            None => None,
        }
    }

    /// Under staged memory, puts away the parts of the other stages.
    fn enter(&mut self, stage: Stage) {
        if self.memory != Memory::Staged {
            return;
        }
        let Parts { text, chat, denoiser, autoencoder, .. } = &mut self.parts;
        if stage != Stage::Text {
            text.release();
        }
        // The text encoder has the language model from the chat model, if that is still there.
        if stage != Stage::Chat && stage != Stage::Text {
            chat.release();
        }
        if stage != Stage::Denoiser {
            denoiser.release();
        }
        if stage != Stage::Autoencoder {
            autoencoder.release();
        }
        self.placement.clean_up();
    }

    fn allowance(&self) -> Allowance {
        let spare = self.planner.as_ref().map_or(0, Planner::spare);
        Allowance { memory: self.memory, sessions: spare }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("placement", &self.placement)
            .field("memory", &self.memory)
            .field("text", &self.parts.text)
            .field("chat", &self.parts.chat)
            .field("denoiser", &self.parts.denoiser)
            .field("autoencoder", &self.parts.autoencoder)
            .finish_non_exhaustive()
    }
}
