use serde::Deserialize;

use crate::{ConfigError, MllmConfig};

/// `config.json` as tools write it: with fields null, missing, nested or twice.
#[derive(Default, Deserialize)]
pub(crate) struct Fields {
    text_config: Option<Box<Fields>>,
    vocab_size: Option<usize>,
    hidden_size: Option<usize>,
    intermediate_size: Option<usize>,
    num_hidden_layers: Option<usize>,
    num_attention_heads: Option<usize>,
    num_key_value_heads: Option<usize>,
    hidden_act: Option<String>,
    rms_norm_eps: Option<f64>,
    rope_theta: Option<f64>,
    rope_scaling: Option<Rope>,
    rope_parameters: Option<Rope>,
    max_position_embeddings: Option<usize>,
    use_sliding_window: Option<bool>,
    tie_word_embeddings: Option<bool>,
    image_token_id: Option<u32>,
    eos_token_id: Option<Tokens>,
}

#[derive(Clone, Deserialize)]
struct Rope {
    #[serde(rename = "type")]
    kind: Option<String>,
    rope_type: Option<String>,
    rope_theta: Option<f64>,
    mrope_section: Option<[usize; 3]>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Tokens {
    One(u32),
    Several(Vec<u32>),
}

impl TryFrom<Fields> for MllmConfig {
    type Error = ConfigError;

    fn try_from(mut fields: Fields) -> Result<Self, ConfigError> {
        let usual = Self::qwen2_5_vl_3b();
        let text = fields.text_config.take().unwrap_or_default();
        let fields = Nested { text: *text, top: fields };
        let heads = fields.size("num_attention_heads", |f| f.num_attention_heads)?;
        let rope = fields.get(Fields::rope);
        let theta = fields.get(|f| f.rope_theta).or(rope.as_ref().and_then(|r| r.rope_theta));
        let section = rope.as_ref().and_then(|r| r.mrope_section).unwrap_or(usual.mrope_section);
        Ok(Self {
            vocab_size: fields.size("vocab_size", |f| f.vocab_size)?,
            hidden_size: fields.size("hidden_size", |f| f.hidden_size)?,
            intermediate_size: fields.size("intermediate_size", |f| f.intermediate_size)?,
            num_hidden_layers: fields.size("num_hidden_layers", |f| f.num_hidden_layers)?,
            num_attention_heads: heads,
            num_key_value_heads: fields.get(|f| f.num_key_value_heads).unwrap_or(heads),
            hidden_act: fields.get(|f| f.hidden_act.clone()).unwrap_or(usual.hidden_act),
            rms_norm_eps: fields.get(|f| f.rms_norm_eps).unwrap_or(usual.rms_norm_eps),
            rope_theta: theta.unwrap_or(usual.rope_theta),
            rope_type: rope.and_then(|r| r.kind.or(r.rope_type)).unwrap_or(usual.rope_type),
            mrope_section: section,
            max_position_embeddings: fields
                .get(|f| f.max_position_embeddings)
                .unwrap_or(usual.max_position_embeddings),
            use_sliding_window: fields.get(|f| f.use_sliding_window).unwrap_or(usual.use_sliding_window),
            tie_word_embeddings: fields.tied().unwrap_or(usual.tie_word_embeddings),
            image_token_id: fields.get(|f| f.image_token_id).unwrap_or(usual.image_token_id),
            eos_token_id: fields.get(|f| f.eos_token_id.clone()).map_or(usual.eos_token_id, Tokens::into_vec),
        })
    }
}

impl Fields {
    fn rope(&self) -> Option<Rope> {
        self.rope_parameters.clone().or(self.rope_scaling.clone())
    }
}

impl Tokens {
    pub(crate) fn into_vec(self) -> Vec<u32> {
        match self {
            Self::One(token) => vec![token],
            Self::Several(tokens) => tokens,
        }
    }
}

struct Nested {
    text: Fields,
    top: Fields,
}

impl Nested {
    fn get<T>(&self, field: impl Fn(&Fields) -> Option<T>) -> Option<T> {
        field(&self.text).or_else(|| field(&self.top))
    }

    fn size(
        &self,
        name: &'static str,
        field: impl Fn(&Fields) -> Option<usize>,
    ) -> Result<usize, ConfigError> {
        self.get(field).ok_or_else(|| ConfigError::new(name, "missing", "a size"))
    }

    // Tools disagree about which of the two counts; files of tied networks lack the second matrix, so that a
    // single "tied" is to be believed.
    fn tied(&self) -> Option<bool> {
        let said = [self.text.tie_word_embeddings, self.top.tie_word_embeddings];
        said.into_iter().flatten().reduce(|a, b| a || b)
    }
}
