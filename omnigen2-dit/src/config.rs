use serde::{Deserialize, Serialize};

use crate::error::ConfigError;

/// The number of references that the network tells apart: the rows of `image_index_embedding`.
pub const MAX_REFERENCES: usize = 5;

const MOST_LAYERS: usize = 1 << 10;
const WIDEST: usize = 1 << 20;
const LARGEST_PATCH: usize = 1 << 8;
const LARGEST_MULTIPLIER: f64 = 256.0;

/// The dimensions of a diffusion transformer, by their names in `transformer/config.json`.
///
/// A field that is null or missing takes the value of OmniGen2; fields that no tensor depends on are passed over, and
/// a file that describes no network is an error.
///
/// ```
/// let config = omnigen2_dit::DitConfig::omnigen2();
/// assert_eq!((config.head_dim(), config.feed_forward_width()), (120, 10240));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields")]
pub struct DitConfig {
    /// The number of channels of a token.
    pub hidden_size: usize,
    /// The number of joint layers.
    pub num_layers: usize,
    /// The number of layers of each refiner.
    pub num_refiner_layers: usize,
    /// The number of query heads.
    pub num_attention_heads: usize,
    /// The number of key and value heads.
    pub num_kv_heads: usize,
    /// The number that the feed-forward width is rounded up to a multiple of.
    pub multiple_of: usize,
    /// Scales the feed-forward width before rounding.
    pub ffn_dim_multiplier: Option<f64>,
    /// The epsilon that is added to the mean square of every RMS normalisation.
    pub norm_eps: f64,
    /// The number of channels of a head that each rotary axis turns: modality, row, column.
    pub axes_dim_rope: [usize; 3],
    /// The side of a patch in latent pixels.
    pub patch_size: usize,
    /// The number of channels of the latent.
    pub in_channels: usize,
    /// The number of channels of the velocity, if not `in_channels`.
    pub out_channels: Option<usize>,
    /// The number of channels of the text features.
    pub text_feat_dim: usize,
    /// Scales a time in [0, 1] before it is embedded.
    pub timestep_scale: f64,
}

impl Default for DitConfig {
    fn default() -> Self {
        Self::omnigen2()
    }
}

impl DitConfig {
    /// The published network: 4 billion parameters.
    pub fn omnigen2() -> Self {
        Self {
            hidden_size: 2520,
            num_layers: 32,
            num_refiner_layers: 2,
            num_attention_heads: 21,
            num_kv_heads: 7,
            multiple_of: 256,
            ffn_dim_multiplier: None,
            norm_eps: 1e-5,
            axes_dim_rope: [40, 40, 40],
            patch_size: 2,
            in_channels: 16,
            out_channels: None,
            text_feat_dim: 2048,
            timestep_scale: 1000.0,
        }
    }

    /// A network of a few thousand parameters, for examples and tests.
    pub fn tiny() -> Self {
        Self {
            hidden_size: 24,
            num_layers: 2,
            num_refiner_layers: 1,
            num_attention_heads: 2,
            num_kv_heads: 1,
            multiple_of: 8,
            axes_dim_rope: [4, 4, 4],
            in_channels: 4,
            text_feat_dim: 16,
            ..Self::omnigen2()
        }
    }

    /// The number of channels of a head.
    pub fn head_dim(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    /// The number of inner channels of a feed-forward: `multiple_of · ⌈4 · hidden_size / multiple_of⌉`.
    pub fn feed_forward_width(&self) -> usize {
        let width = 4 * self.hidden_size;
        let width = self.ffn_dim_multiplier.map_or(width, |m| (m * width as f64) as usize);
        width.div_ceil(self.multiple_of) * self.multiple_of
    }

    /// The number of channels of the time embedding.
    pub fn time_width(&self) -> usize {
        self.hidden_size.min(1024)
    }

    /// The number of numbers in a patch: `patch_size² · in_channels`.
    pub fn patch_width(&self) -> usize {
        self.patch_size * self.patch_size * self.in_channels
    }

    /// Returns whether a network can be built from these dimensions. A configuration that was read by serde has passed this.
    ///
    /// # Errors
    /// Names the first field that has no meaning, exceeds what any known network has, or does not fit another.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_sizes()?;
        let multiplier = self.ffn_dim_multiplier.unwrap_or(1.0);
        let numbers = [
            ("norm_eps", self.norm_eps, f64::MAX),
            ("timestep_scale", self.timestep_scale, f64::MAX),
            ("ffn_dim_multiplier", multiplier, LARGEST_MULTIPLIER),
        ];
        for (field, number, most) in numbers {
            if !(number > 0.0 && number <= most) {
                let limit = if most < f64::MAX { format!(" and at most {most}") } else { String::new() };
                return Err(ConfigError::new(field, number, format!("a number over 0{limit}")));
            }
        }
        let (axes, head_dim) = (self.axes_dim_rope, self.head_dim());
        let channels = axes.iter().try_fold(0usize, |sum, &axis| sum.checked_add(axis));
        if channels != Some(head_dim) || axes.iter().any(|axis| axis % 2 != 0) {
            let expected = format!("three even numbers whose sum is the head's {head_dim}");
            return Err(ConfigError::new("axes_dim_rope", format!("{axes:?}"), expected));
        }
        match self.out_channels {
            Some(found) if found != self.in_channels => {
                let expected = format!("null or in_channels, {}", self.in_channels);
                Err(ConfigError::new("out_channels", found, expected))
            }
            _ => Ok(()),
        }
    }

    fn validate_sizes(&self) -> Result<(), ConfigError> {
        let sizes = [
            ("hidden_size", self.hidden_size, WIDEST),
            ("num_layers", self.num_layers, MOST_LAYERS),
            ("num_attention_heads", self.num_attention_heads, WIDEST),
            ("num_kv_heads", self.num_kv_heads, WIDEST),
            ("multiple_of", self.multiple_of, WIDEST),
            ("patch_size", self.patch_size, LARGEST_PATCH),
            ("in_channels", self.in_channels, WIDEST),
            ("text_feat_dim", self.text_feat_dim, WIDEST),
        ];
        for (field, size, most) in sizes {
            if !(1..=most).contains(&size) {
                return Err(ConfigError::new(field, size, format!("1 to {most}")));
            }
        }
        if self.num_refiner_layers > MOST_LAYERS {
            let expected = format!("0 to {MOST_LAYERS}");
            return Err(ConfigError::new("num_refiner_layers", self.num_refiner_layers, expected));
        }
        let (heads, kv_heads) = (self.num_attention_heads, self.num_kv_heads);
        if !self.hidden_size.is_multiple_of(heads) {
            let expected = format!("a multiple of num_attention_heads, {heads}");
            return Err(ConfigError::new("hidden_size", self.hidden_size, expected));
        }
        if !heads.is_multiple_of(kv_heads) {
            let expected = format!("a multiple of num_kv_heads, {kv_heads}");
            return Err(ConfigError::new("num_attention_heads", heads, expected));
        }
        Ok(())
    }
}

/// The file as tools write it: with fields null or missing.
#[derive(Deserialize)]
struct Fields {
    hidden_size: Option<usize>,
    num_layers: Option<usize>,
    num_refiner_layers: Option<usize>,
    num_attention_heads: Option<usize>,
    num_kv_heads: Option<usize>,
    multiple_of: Option<usize>,
    ffn_dim_multiplier: Option<f64>,
    norm_eps: Option<f64>,
    axes_dim_rope: Option<[usize; 3]>,
    patch_size: Option<usize>,
    in_channels: Option<usize>,
    out_channels: Option<usize>,
    text_feat_dim: Option<usize>,
    timestep_scale: Option<f64>,
}

impl TryFrom<Fields> for DitConfig {
    type Error = ConfigError;

    fn try_from(fields: Fields) -> Result<Self, ConfigError> {
        let usual = Self::omnigen2();
        let config = Self {
            hidden_size: fields.hidden_size.unwrap_or(usual.hidden_size),
            num_layers: fields.num_layers.unwrap_or(usual.num_layers),
            num_refiner_layers: fields.num_refiner_layers.unwrap_or(usual.num_refiner_layers),
            num_attention_heads: fields.num_attention_heads.unwrap_or(usual.num_attention_heads),
            num_kv_heads: fields.num_kv_heads.unwrap_or(usual.num_kv_heads),
            multiple_of: fields.multiple_of.unwrap_or(usual.multiple_of),
            ffn_dim_multiplier: fields.ffn_dim_multiplier,
            norm_eps: fields.norm_eps.unwrap_or(usual.norm_eps),
            axes_dim_rope: fields.axes_dim_rope.unwrap_or(usual.axes_dim_rope),
            patch_size: fields.patch_size.unwrap_or(usual.patch_size),
            in_channels: fields.in_channels.unwrap_or(usual.in_channels),
            out_channels: fields.out_channels,
            text_feat_dim: fields.text_feat_dim.unwrap_or(usual.text_feat_dim),
            timestep_scale: fields.timestep_scale.unwrap_or(usual.timestep_scale),
        };
        config.validate()?;
        Ok(config)
    }
}
