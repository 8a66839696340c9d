use burn::prelude::*;
use image::RgbImage;
use omnigen2_mllm::Sampling;

use crate::Result;
use crate::engine::{Engine, Placement};
use crate::lora::Adapter;
use crate::memory::Plan;
use crate::tasks::reflect::{self, Reflection};
use crate::tasks::{Generation, Reply, reconstruct};
use crate::values::{Conversation, Critique, ImageRequest, ReplySettings};

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
#[derive(Debug)]
pub struct OmniGen2 {
    engine: Engine,
}

impl OmniGen2 {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine }
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
        Generation::start(&mut self.engine, requests, None)
    }

    /// Starts to draw from noise of the caller's own in place of the seed's.
    ///
    /// # Shapes
    /// - noise: `[count, channels, height / 8, width / 8]` of the size that is drawn
    ///
    /// # Errors
    /// As [`generate`](Self::generate), or if the noise is of another shape.
    pub fn generate_from(&mut self, request: &ImageRequest, noise: Tensor<4>) -> Result<Generation<'_>> {
        Generation::start(&mut self.engine, std::slice::from_ref(request), Some(noise))
    }

    /// Starts a reply to a conversation, worded as the checkpoint says.
    ///
    /// # Errors
    /// If the conversation cannot be continued, a picture cannot be looked at, or a part cannot be loaded.
    pub fn chat(&mut self, conversation: &Conversation) -> Result<Reply<'_>> {
        self.chat_with(conversation, &ReplySettings::default())
    }

    /// Starts a reply to a conversation.
    ///
    /// # Errors
    /// As [`chat`](Self::chat), or if a setting makes no sense.
    pub fn chat_with(&mut self, conversation: &Conversation, settings: &ReplySettings) -> Result<Reply<'_>> {
        Reply::start(&mut self.engine, conversation, settings)
    }

    /// Returns what the critic finds in a picture that was drawn for a request.
    ///
    /// # Errors
    /// If the critic fails, or there is neither one nor a chat model.
    pub fn critique(&mut self, request: &ImageRequest, picture: &RgbImage) -> Result<Critique> {
        reflect::critique(&mut self.engine, request, picture)
    }

    /// Draws, lets the critic look, and draws again, at most `rounds` times.
    ///
    /// # Errors
    /// If the request makes no sense, or there are no or too many rounds.
    pub fn reflect(&mut self, request: ImageRequest, rounds: usize) -> Result<Reflection<'_>> {
        Reflection::start(&mut self.engine, request, rounds)
    }

    /// Encodes a picture and decodes it again: what the autoencoder keeps of it, in the picture's own size.
    ///
    /// ```
    /// use burn::prelude::Device;
    /// use omnigen2_pipeline::{OmniGen2, pixels::RgbImage};
    ///
    /// # let checkpoint = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny-checkpoint");
    /// let mut omnigen2 = OmniGen2::load(checkpoint, &Device::flex())?;
    /// let kept = omnigen2.reconstruct(&RgbImage::new(48, 32))?;
    /// assert_eq!(kept.dimensions(), (48, 32));
    /// # Ok::<(), omnigen2_pipeline::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the picture is too small, or the autoencoder cannot be loaded or fails.
    pub fn reconstruct(&mut self, picture: &RgbImage) -> Result<RgbImage> {
        reconstruct(&mut self.engine, picture)
    }

    /// Puts adapters beside the transformer's weights, in place of all that it has; none takes all off. Weights are
    /// loaded again only if adapters were put [into them](crate::Builder::lora).
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
        self.engine.set_loras(adapters)
    }

    /// Returns what a request takes in memory, as far as it comes from the checkpoint; none, without one.
    ///
    /// # Errors
    /// If the request cannot be met.
    pub fn plan(&self, request: &ImageRequest) -> Result<Option<Plan>> {
        self.engine.plan(request)
    }

    /// The way in which the checkpoint chooses the tokens of replies.
    pub fn sampling(&self) -> Sampling {
        self.engine.sampling()
    }

    /// The device of each part.
    pub fn placement(&self) -> &Placement {
        self.engine.placement()
    }
}
