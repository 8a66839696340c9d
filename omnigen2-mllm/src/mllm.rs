use burn::prelude::*;
use burn::tensor::FloatDType;
use omnigen2_rope::ops::{Linear, RmsNorm};

use crate::block::Block;
use crate::{Input, InputError, MllmConfig};

/// The language model (Qwen2.5, arXiv 2412.15115) with M-RoPE (arXiv 2409.12191). Made by
/// [`MllmConfig::init`].
#[derive(Module, Debug)]
pub struct Mllm {
    /// A row for each token: its embedding and, if tied, what its logit is the product with.
    pub(crate) embed_tokens: Linear,
    pub(crate) layers: Vec<Block>,
    pub(crate) norm: RmsNorm,
    pub(crate) lm_head: Option<Linear>,
    #[module(skip)]
    pub(crate) config: MllmConfig,
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
        let table = self.embed_tokens.weight.val();
        let rows = TensorData::new(ids.iter().map(|&id| i64::from(id)).collect(), [ids.len()]);
        let rows = Tensor::<1, Int>::from_data(rows, &table.device());
        Ok(table.select(0, rows).cast(dtype).unsqueeze())
    }

    /// The hidden states after the last normalisation: what the diffusion transformer is conditioned on.
    ///
    /// # Shapes
    /// - output: `[batch, seq, width]`, of the type of the input
    ///
    /// # Panics
    /// If the input has another number of places than of embeddings, or embeddings of another width.
    pub fn hidden(&self, input: &Input) -> Tensor<3> {
        let embeddings = input.embeddings.clone();
        let rotation = self.config.frequencies().rotation(&input.places.positions, &embeddings.device());
        let hidden_keys = input.hidden_keys(&embeddings.device());
        let forward = |x, layer: &Block| layer.forward(x, &rotation, hidden_keys.as_ref());
        let hidden = self.layers.iter().fold(embeddings, forward);
        self.norm.forward(hidden)
    }

    /// How likely each token of the vocabulary is to follow, as logits.
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
}
