use std::collections::VecDeque;
use std::path::PathBuf;

use burn::prelude::*;
use omnigen2_mllm::Sampling;

use crate::builder::Builder;
use crate::generation::Generation;
use crate::lora::{Adapter, Loras};
use crate::memory::{Memory, Plan, Planner};
use crate::parts::{Autoencoder, ChatModel, Critic, Denoiser, TextEncoder};
use crate::slot::Slot;
use crate::{Conversation, ImageRequest, Result};

/// OmniGen2, ready to draw and to talk.
///
/// ```
/// use burn::prelude::Device;
/// use omnigen2_pipeline::{ImageRequest, OmniGen2, pixels::Size};
///
/// # let checkpoint = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny-checkpoint");
/// let mut omnigen2 = OmniGen2::load(checkpoint, &Device::flex())?;
/// let request = ImageRequest::new("a red fox in fresh snow").size(Size::new(64, 48)).steps(2).seed(7);
/// let images = omnigen2.generate(&request)?.finish()?;
/// assert_eq!(images[0].dimensions(), (64, 48));
/// # Ok::<(), omnigen2_pipeline::Error>(())
/// ```
pub struct OmniGen2 {
    pub(crate) device: Device,
    /// Resident or staged.
    pub(crate) memory: Memory,
    /// None, without a checkpoint.
    pub(crate) planner: Option<Planner>,
    /// How many pixels a latent pixel spans: known without loading the autoencoder.
    pub(crate) downscale: usize,
    /// How the checkpoint chooses the tokens of replies.
    pub(crate) sampling: Sampling,
    pub(crate) loras: Loras,
    pub(crate) text: Slot<dyn TextEncoder>,
    pub(crate) chat: Slot<dyn ChatModel>,
    pub(crate) denoiser: Slot<dyn Denoiser>,
    pub(crate) autoencoder: Slot<dyn Autoencoder>,
    /// The caller's own, if there is one.
    pub(crate) critic: Option<Box<dyn Critic>>,
    pub(crate) prompts: PromptCache,
}

/// A stage of a generation, by the part that works in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Text,
    Chat,
    Denoiser,
    Autoencoder,
}

impl OmniGen2 {
    /// The checkpoint in a directory, with every setting at its default.
    ///
    /// # Errors
    /// If the checkpoint is not complete.
    pub fn load(checkpoint: impl Into<PathBuf>, device: &Device) -> Result<Self> {
        Self::builder(device).checkpoint(checkpoint)?.build()
    }

    /// Settings and parts, one by one.
    pub fn builder(device: &Device) -> Builder {
        Builder::new(device)
    }

    /// Starts to draw: iterate for progress, drop to cancel, `finish` for the pictures.
    ///
    /// # Errors
    /// If the request cannot be met, takes more memory than there is, or a part cannot be loaded.
    pub fn generate(&mut self, request: &ImageRequest) -> Result<Generation<'_>> {
        self.generate_all(std::slice::from_ref(request))
    }

    /// Starts to draw several requests, each part being loaded once for all of them. Pictures come request by
    /// request.
    ///
    /// # Errors
    /// As [`generate`](Self::generate), or if there are no requests.
    pub fn generate_all(&mut self, requests: &[ImageRequest]) -> Result<Generation<'_>> {
        Generation::start(self, requests, None)
    }

    /// Starts to draw from noise of the caller's own in place of the seed's.
    ///
    /// # Shapes
    /// - noise: `[count, channels, height / 8, width / 8]` of the size that is drawn
    ///
    /// # Errors
    /// As [`generate`](Self::generate), or if the noise is of another shape.
    pub fn generate_from(&mut self, request: &ImageRequest, noise: Tensor<4>) -> Result<Generation<'_>> {
        Generation::start(self, std::slice::from_ref(request), Some(noise))
    }

    /// Puts adapters beside the transformer's weights, in place of all that it has; none takes all off. Weights are
    /// loaded again only if adapters were put [into them](Builder::lora).
    ///
    /// ```
    /// use burn::prelude::Device;
    /// use omnigen2_pipeline::{OmniGen2, lora::Adapter};
    ///
    /// # let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    /// # let checkpoint = fixtures.join("tiny-checkpoint");
    /// # let file = fixtures.join("goldens/lora/reference/pytorch_lora_weights.safetensors");
    /// let mut omnigen2 = OmniGen2::load(checkpoint, &Device::flex())?;
    /// omnigen2.set_loras(vec![Adapter::open(file)?.scaled(0.8)?])?;
    /// omnigen2.set_loras(Vec::new())?;
    /// # Ok::<(), omnigen2_pipeline::Error>(())
    /// ```
    ///
    /// # Errors
    /// If one does not fit or holds numbers that are none, or the denoiser is the caller's own; those that it had stay
    /// then.
    pub fn set_loras(&mut self, adapters: Vec<Adapter>) -> Result<()> {
        self.loras.check(&adapters)?;
        if self.loras.are_merged() {
            self.denoiser.release();
        } else if self.denoiser.is_loaded() {
            self.denoiser.get_mut()?.adapt(&adapters)?;
        }
        self.loras.set(adapters);
        self.planner = self.planner.take().map(|planner| planner.adapting(self.loras.taken()));
        Ok(())
    }

    /// What a request takes in memory, as far as it comes from the checkpoint; none, without one.
    ///
    /// # Errors
    /// If the request cannot be met.
    pub fn plan(&self, request: &ImageRequest) -> Result<Option<Plan>> {
        self.planner.as_ref().map(|planner| planner.plan(request)).transpose()
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Makes sure that the requests fit, and keeps or puts away parts as that takes.
    pub(crate) fn admit(&mut self, requests: &[ImageRequest]) -> Result<()> {
        let Some(planner) = &self.planner else { return Ok(()) };
        let plans = requests.iter().map(|request| planner.admit(request)).collect::<Result<Vec<_>>>()?;
        let staged = plans.iter().find(|plan| plan.memory == Memory::Staged);
        if let Some(plan) = staged.filter(|_| self.memory == Memory::Resident) {
            tracing::info!("{}", plan.choice());
        }
        self.memory = staged.map_or(Memory::Resident, |plan| plan.memory);
        Ok(())
    }

    /// Under staged memory, puts away the parts of the other stages.
    pub(crate) fn enter(&mut self, stage: Stage) {
        if self.memory != Memory::Staged {
            return;
        }
        if stage != Stage::Text {
            self.text.release();
        }
        // The text encoder has the language model from the chat model, if that is still there.
        if stage != Stage::Chat && stage != Stage::Text {
            self.chat.release();
        }
        if stage != Stage::Denoiser {
            self.denoiser.release();
        }
        if stage != Stage::Autoencoder {
            self.autoencoder.release();
        }
        self.device.memory_cleanup();
    }

    /// A prompt's features, read at most once while it is remembered.
    pub(crate) fn read(&mut self, prompt: &str, max_tokens: usize) -> Result<Tensor<3>> {
        let known = |source: &Source| match source {
            Source::Prompt { text, max_tokens: most } => text == prompt && *most == max_tokens,
            Source::Conversation(_) => false,
        };
        if let Some(features) = self.prompts.find(known) {
            return Ok(features);
        }
        self.enter(Stage::Text);
        let read = self.text.get()?.encode(prompt, max_tokens)?;
        if read.dropped > 0 {
            tracing::warn!(
                "the prompt is longer than the {max_tokens} tokens that are read: {} at its end are left out",
                read.dropped
            );
        }
        self.prompts.keep(Source::Prompt { text: prompt.into(), max_tokens }, read.features.clone());
        Ok(read.features)
    }

    /// A conversation's features, read at most once while it is remembered.
    pub(crate) fn read_conversation(&mut self, conversation: &Conversation) -> Result<Tensor<3>> {
        let known = |source: &Source| matches!(source, Source::Conversation(known) if known == conversation);
        if let Some(features) = self.prompts.find(known) {
            return Ok(features);
        }
        self.enter(Stage::Chat);
        let features = self.chat.get_mut()?.features(conversation)?;
        self.prompts.keep_conversation(conversation, features.clone());
        Ok(features)
    }
}

impl std::fmt::Debug for OmniGen2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OmniGen2")
            .field("device", &self.device)
            .field("memory", &self.memory)
            .field("text", &self.text)
            .field("chat", &self.chat)
            .field("denoiser", &self.denoiser)
            .field("autoencoder", &self.autoencoder)
            .finish_non_exhaustive()
    }
}

/// The features of what was read last; the negative prompt is nearly always among them.
#[derive(Debug, Default)]
pub(crate) struct PromptCache {
    kept: VecDeque<Kept>,
}

#[derive(Debug)]
struct Kept {
    source: Source,
    features: Tensor<3>,
}

/// What features are of.
#[derive(Debug, PartialEq)]
enum Source {
    Prompt { text: String, max_tokens: usize },
    Conversation(Conversation),
}

const KEPT: usize = 8;

impl PromptCache {
    pub(crate) fn keep_conversation(&mut self, conversation: &Conversation, features: Tensor<3>) {
        self.keep(Source::Conversation(conversation.clone()), features);
    }

    fn find(&self, known: impl Fn(&Source) -> bool) -> Option<Tensor<3>> {
        self.kept.iter().find(|kept| known(&kept.source)).map(|kept| kept.features.clone())
    }

    fn keep(&mut self, source: Source, features: Tensor<3>) {
        self.kept.retain(|kept| kept.source != source);
        self.kept.truncate(KEPT - 1);
        self.kept.push_front(Kept { source, features });
    }
}
