use omnigen2_rope::Frequencies;
use serde::Deserialize;

use crate::error::ConfigError;
use crate::tokens::Tokens;

const MOST_LAYERS: usize = 1 << 10;
const WIDEST: usize = 1 << 20;

/// The dimensions of a language model, by their names in `config.json`, where they stand at the top or, in newer
/// files, in `text_config`.
///
/// A field that is null or missing takes the value of Qwen2.5-VL-3B, except the sizes of the weights, which must
/// be there; fields of no concern to the network are passed over, and a file that describes no network is an error.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Fields")]
pub struct MllmConfig {
    /// The number of tokens that the network knows.
    pub vocab_size: usize,
    /// The width of a token.
    pub hidden_size: usize,
    /// The width inside a layer's feed-forward.
    pub intermediate_size: usize,
    /// The number of layers.
    pub num_hidden_layers: usize,
    /// The number of query heads that share `hidden_size`.
    pub num_attention_heads: usize,
    /// The number of key and value heads that the query heads share; as many when the file does not say.
    pub num_key_value_heads: usize,
    /// The feed-forward's activation; `silu` alone is known.
    pub hidden_act: String,
    /// The epsilon that is added to the mean square in every normalisation.
    pub rms_norm_eps: f64,
    /// The base of the rotary frequencies.
    pub rope_theta: f64,
    /// The way in which places stretch in longer sequences; `default` and `mrope`, that is not at all, are known.
    pub rope_type: String,
    /// The numbers of rotary angles that the time, the row and the column turn.
    pub mrope_section: [usize; 3],
    /// The longest sequence.
    pub max_position_embeddings: usize,
    /// True if attention is cut off at a distance; it must not be.
    pub use_sliding_window: bool,
    /// True if the matrix that embeds tokens also gives their logits.
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

    /// A network of a few thousand parameters, for examples and tests.
    pub fn tiny() -> Self {
        Self {
            vocab_size: 64,
            hidden_size: 32,
            intermediate_size: 48,
            num_hidden_layers: 2,
            num_attention_heads: 4,
            num_key_value_heads: 2,
            mrope_section: [2, 1, 1],
            image_token_id: 60,
            eos_token_id: vec![63],
            ..Self::qwen2_5_vl_3b()
        }
    }

    /// Returns whether a network can be built from these dimensions. A configuration that was read by serde has passed this.
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

    pub(crate) fn head_dim(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    pub(crate) fn frequencies(&self) -> Frequencies {
        Frequencies::mrope(self.rope_theta, self.mrope_section)
    }
}

/// `config.json` as tools write it: with fields null, missing, nested or twice.
#[derive(Default, Deserialize)]
struct Fields {
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
        let config = Self {
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
        };
        config.validate()?;
        Ok(config)
    }
}

impl Fields {
    fn rope(&self) -> Option<Rope> {
        self.rope_parameters.clone().or(self.rope_scaling.clone())
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
