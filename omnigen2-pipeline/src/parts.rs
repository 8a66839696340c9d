//! Every seam of the pipeline: what it asks of a text encoder, a chat model, a denoiser, an autoencoder and a critic.

use burn::prelude::*;
use burn::tensor::{DType, FloatDType};
use image::RgbImage;
use omnigen2_dit::{Branch, Branches, Dit, DitField, MAX_REFERENCES, Moment, PerBranch, StepCaches};
use omnigen2_rope::Grid;
use omnigen2_vae::{Posterior, Tile, Vae};

use crate::lora::{Adapter, LoraError, attach};
use crate::memory::Memory;
use crate::noise::standard_normal;
use crate::values::{Conversation, Critique, ImageRequest, ReplySettings};
use crate::{Error, Result};

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

/// OmniGen2's transformer, computing in its own type.
#[derive(Debug)]
pub struct DitDenoiser {
    /// Without adapters beside its weights.
    bare: Dit,
    dit: Dit,
    compute: FloatDType,
}

impl DitDenoiser {
    /// A denoiser whose activations are of the type `compute`: F32 or BF16, for F16 overflows.
    pub fn new(dit: Dit, compute: FloatDType) -> Self {
        Self { bare: dit.clone(), dit, compute }
    }
}

impl Denoiser for DitDenoiser {
    fn latent_channels(&self) -> usize {
        self.dit.config().in_channels
    }

    fn field(&self, conditions: Conditions) -> Result<Box<dyn Branches + Send>> {
        let Conditions { size, references, texts, step_caches } = conditions;
        let references: Vec<_> = references.into_iter().map(|latent| latent.cast(self.compute)).collect();
        let canvas = self.dit.canvas(size, &references)?;
        let contexts = texts.map_with_branch(|branch, text| {
            let text = text.cast(self.compute);
            match branch {
                Branch::Full | Branch::References => self.dit.prepare(text, &canvas),
                Branch::Negative => self.dit.prepare_without_references(text, &canvas),
            }
        });
        let field = DitField::new(self.dit.clone(), canvas, contexts, step_caches);
        Ok(Box::new(Computed { field, compute: self.compute }))
    }

    fn adapt(&mut self, adapters: &[Adapter]) -> Result<()> {
        self.dit = attach(self.bare.clone(), adapters)?;
        Ok(())
    }
}

/// Latents are integrated in F32 whatever the network computes in.
struct Computed {
    field: DitField,
    compute: FloatDType,
}

impl Branches for Computed {
    fn velocities(&mut self, x: Tensor<4>, at: Moment) -> PerBranch<Tensor<4>> {
        self.field.velocities(x.cast(self.compute), at).map(|velocity| velocity.cast(DType::F32))
    }

    fn unguided(&mut self, x: Tensor<4>, at: Moment) -> Tensor<4> {
        self.field.unguided(x.cast(self.compute), at).cast(DType::F32)
    }
}

/// The FLUX VAE with a bound on how much of a picture it works on at a time.
#[derive(Debug)]
pub struct TiledVae {
    vae: Vae,
    /// None, if it follows the size of the picture.
    tile: Option<Tile>,
}

impl TiledVae {
    /// An autoencoder that works on `tile` at a time; the picture is the same.
    pub fn new(vae: Vae, tile: Tile) -> Self {
        Self { vae, tile: Some(tile) }
    }

    /// An autoencoder that works on a picture of up to 512×512 pixels at once, which takes 1 GiB, and on
    /// [64 rows](Tile::default) of a larger one. The size alone decides, so that a seed gives the same picture on
    /// every machine.
    pub fn by_size(vae: Vae) -> Self {
        Self { vae, tile: None }
    }

    fn tile(&self, width: usize, height: usize) -> Tile {
        self.tile.unwrap_or_else(|| usual_tile(width, height))
    }

    fn posterior(&self, image: Tensor<4>) -> Posterior {
        let [_, _, height, width] = image.dims();
        self.vae.encode_tiled(image, self.tile(width, height))
    }
}

/// How much of a picture of so many pixels is worked on at a time, unless that is said.
pub(crate) fn usual_tile(width: usize, height: usize) -> Tile {
    match width * height <= WHOLE {
        true => Tile::WHOLE,
        false => Tile::default(),
    }
}

const WHOLE: usize = 512 * 512;

impl Autoencoder for TiledVae {
    fn downscale(&self) -> usize {
        self.vae.downscale()
    }

    fn encode(&self, image: Tensor<4>) -> Result<Tensor<4>> {
        Ok(self.vae.scale(self.posterior(image).mean()))
    }

    fn encode_drawn(&self, image: Tensor<4>, seed: u64) -> Result<Tensor<4>> {
        let posterior = self.posterior(image);
        let shape = posterior.mean().dims();
        let noise = standard_normal(seed, shape.iter().product());
        let noise =
            Tensor::from_data(TensorData::new(noise, shape), (&posterior.mean().device(), DType::F32));
        Ok(self.vae.scale(posterior.sample(noise)))
    }

    fn decode(&self, latent: Tensor<4>) -> Result<Tensor<4>> {
        let [_, _, rows, columns] = latent.dims();
        let pixels = self.vae.downscale();
        Ok(self.vae.decode_tiled(latent, self.tile(columns * pixels, rows * pixels)))
    }
}

impl Error {
    /// Wraps the error of a part of the caller's own.
    pub fn part(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Part(error.into())
    }
}
