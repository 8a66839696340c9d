use std::collections::VecDeque;
use std::path::PathBuf;

use burn::prelude::*;

use crate::builder::Builder;
use crate::generation::Generation;
use crate::parts::{Autoencoder, Denoiser, TextEncoder};
use crate::slot::Slot;
use crate::{ImageRequest, Result};

/// When parts are in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Memory {
    /// Each part stays once it is loaded. On a CPU, weights of a mapped file can still be dropped by the
    /// system when memory is short.
    #[default]
    Resident,
    /// Each part is put away when its stage ends, so the peak is the largest part and not the sum.
    Staged,
}

/// OmniGen2, ready to draw.
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
    pub(crate) device: Device,
    pub(crate) memory: Memory,
    /// How many pixels a latent pixel spans: known without loading the autoencoder.
    pub(crate) downscale: usize,
    pub(crate) text: Slot<dyn TextEncoder>,
    pub(crate) denoiser: Slot<dyn Denoiser>,
    pub(crate) autoencoder: Slot<dyn Autoencoder>,
    pub(crate) prompts: PromptCache,
}

/// A stage of a generation, by the part that works in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Text,
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
    /// If the request cannot be met, or a part cannot be loaded.
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

    /// Where it computes.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Under staged memory, puts away the parts of the other stages.
    pub(crate) fn enter(&mut self, stage: Stage) {
        if self.memory == Memory::Resident {
            return;
        }
        if stage != Stage::Text {
            self.text.release();
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
        if let Some(features) = self.prompts.find(prompt, max_tokens) {
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
        self.prompts.keep(prompt, max_tokens, read.features.clone());
        Ok(read.features)
    }
}

/// The features of the prompts read last; the negative prompt is nearly always among them.
#[derive(Debug, Default)]
pub(crate) struct PromptCache {
    kept: VecDeque<Kept>,
}

#[derive(Debug)]
struct Kept {
    prompt: String,
    max_tokens: usize,
    features: Tensor<3>,
}

const PROMPTS_KEPT: usize = 8;

impl PromptCache {
    fn find(&self, prompt: &str, max_tokens: usize) -> Option<Tensor<3>> {
        let same = |kept: &&Kept| kept.prompt == prompt && kept.max_tokens == max_tokens;
        self.kept.iter().find(same).map(|kept| kept.features.clone())
    }

    fn keep(&mut self, prompt: &str, max_tokens: usize, features: Tensor<3>) {
        self.kept.truncate(PROMPTS_KEPT - 1);
        self.kept.push_front(Kept { prompt: prompt.into(), max_tokens, features });
    }
}
