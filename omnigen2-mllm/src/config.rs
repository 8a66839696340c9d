use burn::prelude::*;
use omnigen2_rope::Frequencies;
use omnigen2_rope::ops::{Linear, RmsNorm};
use serde::Deserialize;

use crate::block::Block;
use crate::fields::Fields;
use crate::{ConfigError, Mllm};

const MOST_LAYERS: usize = 1 << 10;
const WIDEST: usize = 1 << 20;

/// The dimensions of a language model, by their names in `config.json`, where they stand at the top or, in newer
/// files, in `text_config`.
///
/// A field that is null or missing takes the value of Qwen2.5-VL-3B, except the sizes of the weights, which must
/// be there; fields of no concern to the network are passed over.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Fields")]
pub struct MllmConfig {
    /// How many tokens the network knows.
    pub vocab_size: usize,
    /// The width of a token.
    pub hidden_size: usize,
    /// The width inside a layer's feed-forward.
    pub intermediate_size: usize,
    /// How many layers there are.
    pub num_hidden_layers: usize,
    /// How many query heads share `hidden_size`.
    pub num_attention_heads: usize,
    /// How many key and value heads the query heads share; as many when the file does not say.
    pub num_key_value_heads: usize,
    /// The feed-forward's activation; `silu` alone is known.
    pub hidden_act: String,
    /// Added to the mean square in every normalisation.
    pub rms_norm_eps: f64,
    /// The base of the rotary frequencies.
    pub rope_theta: f64,
    /// How places stretch in longer sequences; `default` and `mrope`, that is not at all, are known.
    pub rope_type: String,
    /// How many rotary angles the time, the row and the column turn.
    pub mrope_section: [usize; 3],
    /// The longest sequence.
    pub max_position_embeddings: usize,
    /// Whether attention is cut off at a distance; it must not be.
    pub use_sliding_window: bool,
    /// Whether the matrix that embeds tokens also gives their logits.
    pub tie_word_embeddings: bool,
    /// The token whose places image features take.
    pub image_token_id: u32,
    /// The tokens that end a reply.
    pub eos_token_id: Vec<u32>,
}

impl MllmConfig {
    /// The language model of Qwen2.5-VL-3B, which OmniGen2 uses.
    pub fn qwen2_5_vl_3b() -> Self {
        Self {
            vocab_size: 151_936,
            hidden_size: 2048,
            intermediate_size: 11_008,
            num_hidden_layers: 36,
            num_attention_heads: 16,
            num_key_value_heads: 2,
            hidden_act: "silu".into(),
            rms_norm_eps: 1e-6,
            rope_theta: 1e6,
            rope_type: "default".into(),
            mrope_section: [16, 24, 24],
            max_position_embeddings: 128_000,
            use_sliding_window: false,
            tie_word_embeddings: true,
            image_token_id: 151_655,
            eos_token_id: vec![151_645],
        }
    }

    /// Whether a network can be built from these dimensions.
    ///
    /// # Errors
    /// Names the first field that has no meaning, exceeds what any known network has, or asks for what this one
    /// does not do.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_sizes()?;
        if self.hidden_act != "silu" {
            return Err(ConfigError::new("hidden_act", &self.hidden_act, "silu"));
        }
        if !["default", "mrope"].contains(&self.rope_type.as_str()) {
            return Err(ConfigError::new("rope_scaling.type", &self.rope_type, "default or mrope"));
        }
        if self.use_sliding_window {
            return Err(ConfigError::new("use_sliding_window", true, false));
        }
        if !(0.0..1.0).contains(&self.rms_norm_eps) {
            return Err(ConfigError::new("rms_norm_eps", self.rms_norm_eps, "0 or a little more"));
        }
        if !(self.rope_theta.is_finite() && self.rope_theta >= 1.0) {
            return Err(ConfigError::new("rope_theta", self.rope_theta, "a number from 1"));
        }
        Ok(())
    }

    fn validate_sizes(&self) -> Result<(), ConfigError> {
        let sizes = [
            ("vocab_size", self.vocab_size, WIDEST),
            ("hidden_size", self.hidden_size, WIDEST),
            ("intermediate_size", self.intermediate_size, WIDEST),
            ("num_hidden_layers", self.num_hidden_layers, MOST_LAYERS),
            ("num_attention_heads", self.num_attention_heads, WIDEST),
            ("num_key_value_heads", self.num_key_value_heads, WIDEST),
            ("max_position_embeddings", self.max_position_embeddings, usize::MAX),
        ];
        for (field, size, most) in sizes {
            if !(1..=most).contains(&size) {
                return Err(ConfigError::new(field, size, format!("1 to {most}")));
            }
        }
        let (heads, kv_heads) = (self.num_attention_heads, self.num_key_value_heads);
        if !self.hidden_size.is_multiple_of(heads) {
            let expected = format!("a multiple of num_attention_heads, {heads}");
            return Err(ConfigError::new("hidden_size", self.hidden_size, expected));
        }
        if !heads.is_multiple_of(kv_heads) {
            let expected = format!("a multiple of num_key_value_heads, {kv_heads}");
            return Err(ConfigError::new("num_attention_heads", heads, expected));
        }
        let angles = self.mrope_section.iter().try_fold(0usize, |sum, &section| sum.checked_add(section));
        if angles.and_then(|angles| angles.checked_mul(2)) != Some(self.head_dim()) {
            let expected = format!("three numbers whose sum is half of the head's {}", self.head_dim());
            return Err(ConfigError::new(
                "rope_scaling.mrope_section",
                format!("{:?}", self.mrope_section),
                expected,
            ));
        }
        Ok(())
    }

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

    pub(crate) fn head_dim(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    pub(crate) fn frequencies(&self) -> Frequencies {
        Frequencies::mrope(self.rope_theta, self.mrope_section)
    }
}
