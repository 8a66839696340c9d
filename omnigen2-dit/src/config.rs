use burn::module::Param;
use burn::nn::Initializer;
use burn::prelude::*;
use omnigen2_rope::ops::Linear;
use serde::{Deserialize, Serialize};

use crate::block::{ModulatedBlock, PlainBlock};
use crate::embed::TimeCaptionEmbed;
use crate::modulation::NormOut;
use crate::{ConfigError, Dit};

/// How many references the network tells apart: the rows of `image_index_embedding`.
pub const MAX_REFERENCES: usize = 5;

const MOST_LAYERS: usize = 1 << 10;
const WIDEST: usize = 1 << 20;
const LARGEST_PATCH: usize = 1 << 8;
const LARGEST_MULTIPLIER: usize = 1 << 8;

/// The shape of the network, as `transformer/config.json` has it. Missing fields have the published values;
/// fields that no tensor depends on are ignored.
///
/// ```
/// let config = omnigen2_dit::DitConfig::omnigen2();
/// assert_eq!((config.head_dim(), config.feed_forward_width()), (120, 10240));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DitConfig {
    /// Channels of a token.
    pub hidden_size: usize,
    /// Joint layers.
    pub num_layers: usize,
    /// Layers of each refiner.
    pub num_refiner_layers: usize,
    /// Query heads.
    pub num_attention_heads: usize,
    /// Key and value heads.
    pub num_kv_heads: usize,
    /// The feed-forward width is rounded up to a multiple of this.
    pub multiple_of: usize,
    /// Scales the feed-forward width before rounding.
    pub ffn_dim_multiplier: Option<f64>,
    /// Added to the mean square of every RMS normalisation.
    pub norm_eps: f64,
    /// Channels of a head that each rotary axis turns: modality, row, column.
    pub axes_dim_rope: [usize; 3],
    /// Side of a patch in latent pixels.
    pub patch_size: usize,
    /// Channels of the latent.
    pub in_channels: usize,
    /// Channels of the velocity, if not `in_channels`.
    pub out_channels: Option<usize>,
    /// Channels of the text features.
    pub text_feat_dim: usize,
    /// What a time in [0, 1] is multiplied by before it is embedded.
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

    /// Channels of a head.
    pub fn head_dim(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    /// Inner channels of a feed-forward: `multiple_of · ⌈4 · hidden_size / multiple_of⌉`.
    pub fn feed_forward_width(&self) -> usize {
        let width = 4 * self.hidden_size;
        let width = self.ffn_dim_multiplier.map_or(width, |m| (m * width as f64) as usize);
        width.div_ceil(self.multiple_of) * self.multiple_of
    }

    /// Channels of the time embedding.
    pub fn time_width(&self) -> usize {
        self.hidden_size.min(1024)
    }

    /// Numbers in a patch: `patch_size² · in_channels`.
    pub fn patch_width(&self) -> usize {
        self.patch_size * self.patch_size * self.in_channels
    }

    /// Checks that the numbers fit each other.
    ///
    /// # Errors
    /// The first field that does not fit.
    pub fn validate(&self) -> Result<(), ConfigError> {
        bounded("hidden_size", self.hidden_size, WIDEST)?;
        bounded("num_layers", self.num_layers, MOST_LAYERS)?;
        bounded("num_refiner_layers", self.num_refiner_layers.max(1), MOST_LAYERS)?;
        bounded("num_attention_heads", self.num_attention_heads, WIDEST)?;
        bounded("num_kv_heads", self.num_kv_heads, WIDEST)?;
        bounded("multiple_of", self.multiple_of, WIDEST)?;
        bounded("patch_size", self.patch_size, LARGEST_PATCH)?;
        bounded("in_channels", self.in_channels, WIDEST)?;
        bounded("text_feat_dim", self.text_feat_dim, WIDEST)?;
        let multiplier = self.ffn_dim_multiplier.unwrap_or(1.0);
        for (field, value) in [
            ("norm_eps", self.norm_eps),
            ("timestep_scale", self.timestep_scale),
            ("ffn_dim_multiplier", multiplier),
        ] {
            if !(value.is_finite() && value > 0.0) {
                return Err(ConfigError::NotPositive { field, value });
            }
        }
        bounded("ffn_dim_multiplier", multiplier.ceil() as usize, LARGEST_MULTIPLIER)?;
        multiple(("hidden_size", self.hidden_size), ("num_attention_heads", self.num_attention_heads))?;
        multiple(("num_attention_heads", self.num_attention_heads), ("num_kv_heads", self.num_kv_heads))?;
        let (axes, head_dim) = (self.axes_dim_rope, self.head_dim());
        if axes.iter().sum::<usize>() != head_dim || axes.iter().any(|a| a % 2 != 0) {
            return Err(ConfigError::RotaryAxes { axes, head_dim });
        }
        match self.out_channels {
            Some(found) if found != self.in_channels => {
                Err(ConfigError::OutChannels { found, expected: self.in_channels })
            }
            _ => Ok(()),
        }
    }

    /// A network with random weights, none of which exists before it is asked for.
    ///
    /// # Panics
    /// If [`validate`](Self::validate) would refuse the configuration.
    pub fn init(&self, device: &Device) -> Dit {
        let valid = self.validate();
        assert!(valid.is_ok(), "{valid:?}");
        let modulated = |n| (0..n).map(|_| ModulatedBlock::new(self, device)).collect();
        let plain = |n| (0..n).map(|_| PlainBlock::new(self, device)).collect();
        let index = Initializer::Normal { mean: 0.0, std: 0.02 };
        let index: Param<Tensor<2>> = index.init([MAX_REFERENCES, self.hidden_size], device);
        Dit {
            x_embedder: Linear::with_bias(self.patch_width(), self.hidden_size, device),
            ref_image_patch_embedder: Linear::with_bias(self.patch_width(), self.hidden_size, device),
            image_index_embedding: index,
            time_caption_embed: TimeCaptionEmbed::new(self, device),
            noise_refiner: modulated(self.num_refiner_layers),
            ref_image_refiner: modulated(self.num_refiner_layers),
            context_refiner: plain(self.num_refiner_layers),
            layers: modulated(self.num_layers),
            norm_out: NormOut::new(self, device),
            config: self.clone(),
        }
    }
}

fn bounded(field: &'static str, value: usize, most: usize) -> Result<(), ConfigError> {
    match value {
        0 => Err(ConfigError::Zero { field }),
        _ if value > most => Err(ConfigError::TooLarge { field, value, most }),
        _ => Ok(()),
    }
}

fn multiple(
    (field, value): (&'static str, usize),
    (of, divisor): (&'static str, usize),
) -> Result<(), ConfigError> {
    if value.is_multiple_of(divisor) {
        return Ok(());
    }
    Err(ConfigError::NotAMultiple { field, value, of, divisor })
}
