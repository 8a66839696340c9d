use std::sync::Arc;

use burn::tensor::{DType, FloatDType};
use omnigen2_mllm::{Input, Mllm};

use crate::Result;
use crate::parts::{TextEncoder, TextFeatures};
use crate::text::{Encoded, PromptTokenizer, generation_prompt};

/// Reads prompts with the language model; its last hidden states are the features.
#[derive(Debug)]
pub struct Reader {
    tokenizer: Arc<PromptTokenizer>,
    mllm: Arc<Mllm>,
    compute: FloatDType,
}

impl Reader {
    /// A reader whose activations are of the type `compute`.
    pub fn new(
        tokenizer: impl Into<Arc<PromptTokenizer>>,
        mllm: impl Into<Arc<Mllm>>,
        compute: FloatDType,
    ) -> Self {
        Self { tokenizer: tokenizer.into(), mllm: mllm.into(), compute }
    }

    /// The features of a text that is worded already, special tokens and all.
    ///
    /// # Errors
    /// If the text cannot become tokens, or the language model refuses them.
    pub fn read(&self, text: &str, max_tokens: usize) -> Result<TextFeatures> {
        let Encoded { ids, dropped } = self.tokenizer.encode_within(text, max_tokens)?;
        let input = Input::text(&self.mllm, &ids, self.compute)?;
        Ok(TextFeatures { features: self.mllm.hidden(&input).cast(DType::F32), dropped })
    }
}

impl TextEncoder for Reader {
    fn encode(&self, prompt: &str, max_tokens: usize) -> Result<TextFeatures> {
        self.read(&generation_prompt(prompt), max_tokens)
    }
}
