use burn::prelude::*;
use omnigen2_mllm::{Input, KvCache, Mllm, MllmConfig};
use omnigen2_pipeline::checkpoint::MLLM_NAMING;
use omnigen2_pipeline::weights::Archive;
use omnigen2_pipeline::{Checkpoint, Error};

use crate::joint_layer::TEXT;
use crate::numbers::archive;
use crate::setting::Setting;
use crate::timing::median;

/// The layers that are there: even at 4 bits more than caches hold.
const LAYERS: usize = 4;
/// The most of the vocabulary that is there.
const TOKENS: usize = 32_768;

/// The numbers of some layers of the language model and of a part of its vocabulary.
#[derive(Debug)]
pub struct Decoders {
    archive: Archive,
    /// The dimensions of what is there.
    config: MllmConfig,
    /// Layers of the network over those that are there.
    deeper: f64,
    /// Tokens of its vocabulary over those that are there.
    wider: f64,
    device: Device,
}

/// The time of one token of a reply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Seconds in the layers.
    pub layers: f64,
    /// Seconds in the vocabulary.
    pub vocabulary: f64,
}

impl Reading {
    /// The tokens of a reply in a second.
    pub fn tokens_per_second(self) -> f64 {
        1.0 / (self.layers + self.vocabulary)
    }
}

impl Decoders {
    /// Random numbers for the widths that a checkpoint has.
    ///
    /// # Errors
    /// If its configurations cannot be read.
    pub fn of(checkpoint: &Checkpoint, device: &Device) -> Result<Self, Error> {
        let whole = checkpoint.mllm_config()?;
        let config = MllmConfig {
            num_hidden_layers: whole.num_hidden_layers.min(LAYERS),
            vocab_size: whole.vocab_size.min(TOKENS),
            ..whole.clone()
        };
        Ok(Self {
            archive: archive(&config.init(device), &MLLM_NAMING)?,
            deeper: whole.num_hidden_layers as f64 / config.num_hidden_layers as f64,
            wider: whole.vocab_size as f64 / config.vocab_size as f64,
            config,
            device: device.clone(),
        })
    }

    /// Times one token behind a text, with weights at rest as a setting has them.
    ///
    /// # Errors
    /// If the device fails, or cannot hold the weights so.
    pub fn time(&self, setting: Setting) -> Result<Reading, Error> {
        let mllm = self.archive.load(self.config.init(&self.device), &MLLM_NAMING, setting.weights)?;
        let mllm = setting.compute.of_products(mllm, &self.device);
        let compute = setting.compute.on(&self.device);
        let mut cache = KvCache::default();
        let word = u32::from(self.config.image_token_id == 0);
        mllm.extend(&Input::text(&mllm, &[word; TEXT], compute)?, &mut cache)?;
        let next = Input::next_tokens(&mllm, &[word], compute)?;
        let mut hidden = None;
        let layers = median(&self.device, || {
            cache.truncate(TEXT);
            let read = mllm.extend(&next, &mut cache)?;
            hidden = Some(read.clone());
            Ok(read)
        })?;
        let vocabulary = hidden.map_or(Ok(0.0), |hidden| self.logits(&mllm, hidden))?;
        Ok(Reading { layers: self.deeper * layers, vocabulary: self.wider * vocabulary })
    }

    fn logits(&self, mllm: &Mllm, hidden: Tensor<3>) -> Result<f64, Error> {
        median(&self.device, || Ok(mllm.next_logits(hidden.clone())))
    }
}
