use serde::Deserialize;

use crate::sample::Sampling;
use crate::tokens::Tokens;

/// The way in which a checkpoint wants its replies decoded: `generation_config.json`. What is missing is as in Hugging
/// Face's transformers, whose file it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct GenerationConfig {
    do_sample: Option<bool>,
    temperature: Option<f64>,
    top_k: Option<usize>,
    top_p: Option<f64>,
    repetition_penalty: Option<f64>,
    eos_token_id: Option<Tokens>,
    pad_token_id: Option<u32>,
}

/// transformers' default.
const TOP_K: usize = 50;

impl GenerationConfig {
    /// The way in which tokens are chosen: the likeliest, unless the file asks for sampling.
    pub fn sampling(&self) -> Sampling {
        let repetition_penalty = self.repetition_penalty.unwrap_or(1.0);
        match self.do_sample {
            Some(true) => Sampling {
                temperature: self.temperature.unwrap_or(1.0),
                top_k: self.top_k.unwrap_or(TOP_K),
                top_p: self.top_p.unwrap_or(1.0),
                repetition_penalty,
            },
            _ => Sampling { repetition_penalty, ..Sampling::greedy() },
        }
    }

    /// The tokens that end a reply; none if the file does not say.
    pub fn stop_tokens(&self) -> Vec<u32> {
        self.eos_token_id.clone().map(Tokens::into_vec).unwrap_or_default()
    }

    /// The token where a sequence of a batch has none, if the file says.
    pub fn pad_token(&self) -> Option<u32> {
        self.pad_token_id
    }
}
