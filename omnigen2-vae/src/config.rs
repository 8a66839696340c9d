use burn::prelude::*;
use serde::Deserialize;

use crate::{ConfigError, Vae};

const MOST_LEVELS: usize = 8;
const MOST_LAYERS: usize = 16;
const MOST_CHANNELS: usize = 1 << 16;

/// The sizes of an autoencoder, as diffusers' `config.json` of an `AutoencoderKL` gives them.
///
/// Fields that are missing or null take FLUX.1's values, unknown ones are passed over, and a configuration that
/// asks for what this crate has not is an error.
///
/// ```
/// use omnigen2_vae::VaeConfig;
///
/// let config: VaeConfig = serde_json::from_str(r#"{"act_fn": "silu", "shift_factor": null}"#).unwrap();
/// assert_eq!(config, VaeConfig::flux());
/// let error = serde_json::from_str::<VaeConfig>(r#"{"norm_num_groups": 7}"#).unwrap_err();
/// assert!(error.to_string().contains("norm_num_groups"));
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "File")]
pub struct VaeConfig {
    /// Channels of an image that is encoded.
    pub in_channels: usize,
    /// Channels of an image that is decoded.
    pub out_channels: usize,
    /// Channels of a latent.
    pub latent_channels: usize,
    /// Channels at each level, from full resolution to the coarsest; each level halves height and width.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks at each level of the encoder; the decoder has one more.
    pub layers_per_block: usize,
    /// Groups of the group normalisation.
    pub norm_num_groups: usize,
    /// Whether there is attention at the coarsest level.
    pub mid_block_add_attention: bool,
    /// What a latent is multiplied by, after the shift.
    pub scaling_factor: f64,
    /// What is subtracted from a latent.
    pub shift_factor: f64,
}

impl VaeConfig {
    /// The published autoencoder of FLUX.1, which OmniGen2 uses.
    pub fn flux() -> Self {
        Self {
            in_channels: 3,
            out_channels: 3,
            latent_channels: 16,
            block_out_channels: vec![128, 256, 512, 512],
            layers_per_block: 2,
            norm_num_groups: 32,
            mid_block_add_attention: true,
            scaling_factor: 0.3611,
            shift_factor: 0.1159,
        }
    }

    /// How many pixels of a side share one place of the latent.
    pub fn downscale(&self) -> usize {
        1 << self.block_out_channels.len().saturating_sub(1).min(MOST_LEVELS)
    }

    /// The network, with random weights once they are asked for: until then nothing is allocated.
    ///
    /// # Panics
    /// If the configuration is not [valid](Self::validate).
    pub fn init(&self, device: &Device) -> Vae {
        let valid = self.validate();
        assert!(valid.is_ok(), "{valid:?}");
        Vae::new(self, device)
    }

    /// Whether there is such a network. A configuration that was read by serde has passed this.
    ///
    /// # Errors
    /// If a number is 0 or out of bounds, or the groups do not divide the channels of every level.
    pub fn validate(&self) -> Result<(), ConfigError> {
        within("in_channels", self.in_channels, MOST_CHANNELS)?;
        within("out_channels", self.out_channels, MOST_CHANNELS)?;
        within("latent_channels", self.latent_channels, MOST_CHANNELS)?;
        within("layers_per_block", self.layers_per_block, MOST_LAYERS)?;
        within("norm_num_groups", self.norm_num_groups, MOST_CHANNELS)?;
        let levels = &self.block_out_channels;
        if levels.is_empty() || levels.len() > MOST_LEVELS {
            let expected = format!("a list of 1 to {MOST_LEVELS} numbers");
            return Err(wrong("block_out_channels", format!("a list of {}", levels.len()), expected));
        }
        for &channels in levels {
            within("block_out_channels", channels, MOST_CHANNELS)?;
            if !channels.is_multiple_of(self.norm_num_groups) {
                let expected = format!("a divisor of every level's channels, which are {levels:?}");
                return Err(wrong("norm_num_groups", self.norm_num_groups.to_string(), expected));
            }
        }
        if !self.scaling_factor.is_normal() {
            return Err(wrong("scaling_factor", self.scaling_factor.to_string(), "finite and not 0".into()));
        }
        if !self.shift_factor.is_finite() {
            return Err(wrong("shift_factor", self.shift_factor.to_string(), "finite".into()));
        }
        Ok(())
    }
}

impl Default for VaeConfig {
    fn default() -> Self {
        Self::flux()
    }
}

fn within(field: &'static str, found: usize, most: usize) -> Result<(), ConfigError> {
    if (1..=most).contains(&found) {
        return Ok(());
    }
    Err(wrong(field, found.to_string(), format!("from 1 to {most}")))
}

fn wrong(field: &'static str, found: String, expected: String) -> ConfigError {
    ConfigError { field, found, expected }
}

/// What a file says, before it is known to make sense.
#[derive(Deserialize)]
struct File {
    in_channels: Option<usize>,
    out_channels: Option<usize>,
    latent_channels: Option<usize>,
    block_out_channels: Option<Vec<usize>>,
    layers_per_block: Option<usize>,
    norm_num_groups: Option<usize>,
    mid_block_add_attention: Option<bool>,
    scaling_factor: Option<f64>,
    shift_factor: Option<f64>,
    act_fn: Option<String>,
    down_block_types: Option<Vec<String>>,
    up_block_types: Option<Vec<String>>,
    use_quant_conv: Option<bool>,
    use_post_quant_conv: Option<bool>,
}

impl TryFrom<File> for VaeConfig {
    type Error = ConfigError;

    fn try_from(file: File) -> Result<Self, ConfigError> {
        let flux = Self::flux();
        let config = Self {
            in_channels: file.in_channels.unwrap_or(flux.in_channels),
            out_channels: file.out_channels.unwrap_or(flux.out_channels),
            latent_channels: file.latent_channels.unwrap_or(flux.latent_channels),
            block_out_channels: file.block_out_channels.unwrap_or(flux.block_out_channels),
            layers_per_block: file.layers_per_block.unwrap_or(flux.layers_per_block),
            norm_num_groups: file.norm_num_groups.unwrap_or(flux.norm_num_groups),
            mid_block_add_attention: file.mid_block_add_attention.unwrap_or(flux.mid_block_add_attention),
            scaling_factor: file.scaling_factor.unwrap_or(flux.scaling_factor),
            shift_factor: file.shift_factor.unwrap_or(flux.shift_factor),
        };
        config.validate()?;
        let levels = config.block_out_channels.len();
        only("act_fn", file.act_fn, &"silu".to_owned())?;
        only("down_block_types", file.down_block_types, &vec!["DownEncoderBlock2D".to_owned(); levels])?;
        only("up_block_types", file.up_block_types, &vec!["UpDecoderBlock2D".to_owned(); levels])?;
        only("use_quant_conv", file.use_quant_conv, &false)?;
        only("use_post_quant_conv", file.use_post_quant_conv, &false)?;
        Ok(config)
    }
}

fn only<T: PartialEq + std::fmt::Debug>(
    field: &'static str,
    found: Option<T>,
    expected: &T,
) -> Result<(), ConfigError> {
    match found {
        Some(found) if found != *expected => Err(wrong(field, format!("{found:?}"), format!("{expected:?}"))),
        _ => Ok(()),
    }
}
