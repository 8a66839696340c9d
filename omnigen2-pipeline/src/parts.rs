//! Every seam of the pipeline: what it asks of a text encoder, a chat model, a denoiser, an autoencoder and a critic.

use burn::prelude::*;
use image::RgbImage;
use omnigen2_dit::{Branches, MAX_REFERENCES, PerBranch, StepCaches};
use omnigen2_rope::Grid;

use crate::Result;
use crate::lora::{Adapter, LoraError};
use crate::values::{Conversation, Critique, ImageRequest, Memory, ReplySettings};

/// Text as the denoiser reads it.
#[derive(Clone, Debug)]
pub struct TextFeatures {
    /// `[1, seq, channels]`.
    pub features: Tensor<3>,
    /// The number of tokens at the end of the text that did not fit.
    pub dropped: usize,
}

/// Turns prompts into features.
pub trait TextEncoder: Send {
    /// At most `max_tokens` of the prompt's tokens are read.
    ///
    /// # Errors
    /// Whatever keeps the text from being read.
    fn encode(&self, prompt: &str, max_tokens: usize) -> Result<TextFeatures>;
}

/// The memory that a part may hold beyond a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The times at which the part's networks are in memory: together, or one at a time.
    pub memory: Memory,
    /// Bytes for conversations that may go on, beside the latest one.
    pub sessions: u64,
}

impl Default for Allowance {
    /// Networks stay in memory, and of conversations the latest one alone.
    fn default() -> Self {
        Self { memory: Memory::Resident, sessions: 0 }
    }
}

/// Replies to conversations.
pub trait ChatModel: Send {
    /// Starts a reply.
    ///
    /// # Errors
    /// Whatever keeps the conversation from being read.
    fn reply<'m>(
        &'m mut self,
        conversation: &Conversation,
        settings: &ReplySettings,
        allowance: Allowance,
    ) -> Result<Box<dyn Speech + 'm>>;

    /// What a picture is conditioned on that a conversation asks for: the features of its words,
    /// `[1, seq, channels]`.
    ///
    /// # Errors
    /// Whatever keeps the conversation from being read.
    fn features(&mut self, conversation: &Conversation, allowance: Allowance) -> Result<Tensor<3>>;
}

/// A reply as it comes: pieces of text.
pub trait Speech: Iterator<Item = Result<String>> + Send {
    /// Ends the turn, whether all was said or not.
    ///
    /// # Errors
    /// Whatever keeps it from being ended.
    fn end(self: Box<Self>) -> Result<Ending>;
}

/// The outcome of a turn.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one of it a turn")]
pub enum Ending {
    /// The text that was said.
    Text,
    /// A request to draw, with the [features](ChatModel::features) of the conversation.
    Draw(Tensor<3>),
}

/// Looks at a picture that was drawn, and says what is wrong with it. A closure will do.
pub trait Critic: Send {
    /// Compares a picture with what was asked for.
    ///
    /// # Errors
    /// Whatever keeps the picture from being judged.
    fn critique(&mut self, request: &ImageRequest, picture: &RgbImage) -> Result<Critique>;
}

impl<F: FnMut(&ImageRequest, &RgbImage) -> Result<Critique> + Send> Critic for F {
    fn critique(&mut self, request: &ImageRequest, picture: &RgbImage) -> Result<Critique> {
        self(request, picture)
    }
}

/// The conditions of an image.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// The size of the latent.
    pub size: Grid,
    /// The latents of the references, `[1, channels, height, width]` each.
    pub references: Vec<Tensor<4>>,
    /// The text of each guidance branch, `[1, seq, channels]`.
    pub texts: PerBranch<Tensor<3>>,
    /// Makes the step cache of each branch.
    pub step_caches: StepCaches,
}

/// Predicts how a noisy latent moves towards an image.
pub trait Denoiser: Send {
    /// Channels of the latents.
    fn latent_channels(&self) -> usize;

    /// The field of one image: all work that depends on no time is done here.
    ///
    /// # Errors
    /// If the conditions cannot be met.
    fn field(&self, conditions: Conditions) -> Result<Box<dyn Branches + Send>>;

    /// How many references it tells apart.
    fn max_references(&self) -> usize {
        MAX_REFERENCES
    }

    /// Puts adapters beside its weights, in place of those that it had there.
    ///
    /// # Errors
    /// If it takes none, or these do not fit; those that it had stay then.
    fn adapt(&mut self, adapters: &[Adapter]) -> Result<()> {
        match adapters {
            [] => Ok(()),
            _ => Err(LoraError::OwnDenoiser.into()),
        }
    }
}

/// Turns pictures into latents and back.
pub trait Autoencoder: Send {
    /// How many pixels a latent pixel spans on each side.
    fn downscale(&self) -> usize;

    /// The most likely latent of a picture.
    ///
    /// # Shapes
    /// - image: `[1, 3, height, width]` in [−1, 1]
    /// - output: `[1, channels, height / downscale, width / downscale]`
    ///
    /// # Errors
    /// Whatever keeps the picture from being encoded.
    fn encode(&self, image: Tensor<4>) -> Result<Tensor<4>>;

    /// A latent drawn from what a picture allows; without an own idea of it, the most likely one.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    fn encode_drawn(&self, image: Tensor<4>, seed: u64) -> Result<Tensor<4>> {
        let _ = seed;
        self.encode(image)
    }

    /// The picture of a latent.
    ///
    /// # Shapes
    /// - latent: `[1, channels, height, width]`
    /// - output: `[1, 3, height · downscale, width · downscale]`, about [−1, 1]
    ///
    /// # Errors
    /// Whatever keeps the latent from being decoded.
    fn decode(&self, latent: Tensor<4>) -> Result<Tensor<4>>;
}
