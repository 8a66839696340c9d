use burn::prelude::*;
use burn::tensor::FloatDType;
use omnigen2_rope::ops::{Linear, RmsNorm};
use omnigen2_rope::{MropePositions, Position};

use crate::attention::Pass;
use crate::block::Block;
use crate::cache::KvCache;
use crate::config::MllmConfig;
use crate::error::InputError;
use crate::input::Input;
use crate::mask::Mask;

/// The language model (Qwen2.5, arXiv 2412.15115) with M-RoPE (arXiv 2409.12191). Made by
/// [`MllmConfig::init`].
#[derive(Module, Debug)]
pub struct Mllm {
    /// The embedding of each token, by which its logit is had too, if tied.
    pub(crate) embed_tokens: Linear,
    pub(crate) layers: Vec<Block>,
    pub(crate) norm: RmsNorm,
    pub(crate) lm_head: Option<Linear>,
    #[module(skip)]
    pub(crate) config: MllmConfig,
}

impl MllmConfig {
    /// The network, with random weights once they are asked for; loading them first allocates nothing twice.
    ///
    /// # Panics
    /// If the configuration is not [valid](Self::validate).
    pub fn init(&self, device: &Device) -> Mllm {
        let valid = self.validate();
        assert!(valid.is_ok(), "{valid:?}");
        let embedding = || Linear::new(self.hidden_size, self.vocab_size, device);
        Mllm {
            embed_tokens: embedding(),
            layers: (0..self.num_hidden_layers).map(|_| Block::new(self, device)).collect(),
            norm: RmsNorm::new(self.hidden_size, self.rms_norm_eps, device),
            lm_head: (!self.tie_word_embeddings).then(embedding),
            config: self.clone(),
        }
    }
}

impl Mllm {
    /// The dimensions of the network.
    pub fn config(&self) -> &MllmConfig {
        &self.config
    }

    /// The embeddings of tokens, in the type asked for.
    ///
    /// # Shapes
    /// - output: `[1, tokens, width]`
    ///
    /// # Errors
    /// If there are none, or one is not in the vocabulary.
    pub fn embed(&self, ids: &[u32], dtype: FloatDType) -> Result<Tensor<3>, InputError> {
        let vocab = self.config.vocab_size;
        if let Some(place) = ids.iter().position(|&id| id as usize >= vocab) {
            return Err(InputError::Token { place, id: ids[place], vocab });
        }
        if ids.is_empty() {
            return Err(InputError::Empty);
        }
        let table = &self.embed_tokens.weight;
        let rows = TensorData::new(ids.iter().map(|&id| i64::from(id)).collect(), [ids.len()]);
        let rows = Tensor::<1, Int>::from_data(rows, &table.device());
        Ok(table.rows(rows, dtype).unsqueeze())
    }

    /// The hidden states after the last normalisation: what the diffusion transformer is conditioned on.
    ///
    /// # Shapes
    /// - output: `[batch, seq, width]`, of the type of the input
    ///
    /// # Panics
    /// If the input has another number of places than of embeddings, or embeddings of another width.
    pub fn hidden(&self, input: &Input) -> Tensor<3> {
        let pass = self.pass(input, &Mask::default());
        let forward = |x, layer: &Block| layer.forward(x, &pass, |new| new);
        let hidden = self.layers.iter().fold(input.embeddings.clone(), forward);
        self.norm.forward(hidden)
    }

    /// The hidden states of what follows everything in a cache, which then has it too; otherwise as
    /// [`hidden`](Self::hidden).
    ///
    /// # Shapes
    /// - output: `[batch, seq, width]`, of the type of the input
    ///
    /// # Errors
    /// If all of it together is longer than the network was made for; nothing is read then.
    ///
    /// # Panics
    /// As [`hidden`](Self::hidden), or if the cache is that of another number of sequences or another network.
    pub fn extend(&self, input: &Input, cache: &mut KvCache) -> Result<Tensor<3>, InputError> {
        let batch = input.places.len();
        assert!(
            cache.mask().batch().is_none_or(|held| held == batch),
            "a cache of another batch meets {batch} sequences"
        );
        let (tokens, most) = (cache.tokens() + input.seq(), self.config.max_position_embeddings);
        if tokens > most {
            return Err(InputError::Length { tokens, most });
        }
        let pass = self.pass(input, cache.mask());
        let mut hidden = input.embeddings.clone();
        for (index, layer) in self.layers.iter().enumerate() {
            hidden = layer.forward(hidden, &pass, |new| cache.append(index, new));
        }
        cache.note(input);
        Ok(self.norm.forward(hidden))
    }

    fn pass(&self, input: &Input, mask: &Mask) -> Pass {
        let device = input.embeddings.device();
        let shifted = |(row, places): (usize, &MropePositions)| {
            let start = mask.next(row);
            let shift = |place: &Position| Position(place.0.map(|axis| start + axis));
            places.positions.iter().map(shift).collect::<Vec<_>>()
        };
        let positions: Vec<_> = input.places.iter().enumerate().map(shifted).collect();
        let rows: Vec<&[Position]> = positions.iter().map(Vec::as_slice).collect();
        Pass {
            rotation: self.config.frequencies().rotations(&rows, &device),
            hidden_keys: mask.hidden_keys(input),
        }
    }

    /// The logits of the tokens of the vocabulary: how likely each is to follow.
    ///
    /// # Shapes
    /// - hidden: `[batch, seq, width]`
    /// - output: `[batch, seq, vocab]`, of the type of `hidden`
    ///
    /// # Panics
    /// If the width is another than the network's.
    pub fn logits(&self, hidden: Tensor<3>) -> Tensor<3> {
        self.lm_head.as_ref().unwrap_or(&self.embed_tokens).forward(hidden)
    }

    /// The [`logits`](Self::logits) of the last token of each sequence alone.
    ///
    /// # Shapes
    /// - hidden: `[batch, seq, width]`
    /// - output: `[batch, vocab]`
    ///
    /// # Panics
    /// If there are no tokens, or the width is another than the network's.
    pub fn next_logits(&self, hidden: Tensor<3>) -> Tensor<2> {
        let last = hidden.dims()[1] - 1;
        self.logits(hidden.narrow(1, last, 1)).squeeze_dim(1)
    }
}
