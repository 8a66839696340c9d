use serde::{Deserialize, Deserializer};

use crate::error::ConfigError;

const MOST_LEVELS: usize = 8;
const MOST_LAYERS: usize = 16;
const MOST_CHANNELS: usize = 1 << 16;

/// The dimensions of an autoencoder, by their names in the `config.json` of diffusers' `AutoencoderKL`.
///
/// Fields that are missing or null take FLUX.1's values, but a `shift_factor` of null is none; unknown ones are passed
/// over, and a configuration that asks for what this crate has not, or describes no network, is an error.
///
/// ```
/// use omnigen2_vae::VaeConfig;
///
/// let config: VaeConfig = serde_json::from_str(r#"{"act_fn": "silu", "shift_factor": null}"#).unwrap();
/// assert_eq!(config, VaeConfig { shift_factor: 0.0, ..VaeConfig::flux() });
/// let error = serde_json::from_str::<VaeConfig>(r#"{"norm_num_groups": 7}"#).unwrap_err();
/// assert!(error.to_string().contains("norm_num_groups"));
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Fields")]
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
    /// True if there is attention at the coarsest level.
    pub mid_block_add_attention: bool,
    /// Scales a latent, after the shift.
    pub scaling_factor: f64,
    /// The shift that is subtracted from a latent.
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

    /// A network of a few thousand parameters, for examples and tests, with latents of half the sides.
    pub fn tiny() -> Self {
        Self { block_out_channels: vec![8, 16], norm_num_groups: 4, ..Self::flux() }
    }

    /// The number of pixels of a side that share one place of the latent.
    pub fn downscale(&self) -> usize {
        1 << self.block_out_channels.len().saturating_sub(1).min(MOST_LEVELS)
    }

    /// Returns whether a network can be built from these sizes. A configuration that was read by serde has passed this.
    ///
    /// # Errors
    /// Names the first field that is 0 or out of bounds, or the groups if they do not divide the channels of every
    /// level.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_sizes()?;
        if !self.scaling_factor.is_normal() {
            return Err(ConfigError::new(
                "scaling_factor",
                self.scaling_factor,
                "a finite number other than 0",
            ));
        }
        if !self.shift_factor.is_finite() {
            return Err(ConfigError::new("shift_factor", self.shift_factor, "a finite number"));
        }
        Ok(())
    }

    fn validate_sizes(&self) -> Result<(), ConfigError> {
        let levels = &self.block_out_channels;
        let sizes = [
            ("in_channels", self.in_channels, MOST_CHANNELS),
            ("out_channels", self.out_channels, MOST_CHANNELS),
            ("latent_channels", self.latent_channels, MOST_CHANNELS),
            ("layers_per_block", self.layers_per_block, MOST_LAYERS),
            ("norm_num_groups", self.norm_num_groups, MOST_CHANNELS),
        ];
        let sizes = sizes.into_iter();
        for (field, size, most) in
            sizes.chain(levels.iter().map(|&level| ("block_out_channels", level, MOST_CHANNELS)))
        {
            if !(1..=most).contains(&size) {
                return Err(ConfigError::new(field, size, format!("1 to {most}")));
            }
        }
        if !(1..=MOST_LEVELS).contains(&levels.len()) {
            let (found, expected) = (levels.len(), format!("a list of 1 to {MOST_LEVELS} numbers"));
            return Err(ConfigError::new("block_out_channels", format!("a list of {found}"), expected));
        }
        if levels.iter().any(|channels| !channels.is_multiple_of(self.norm_num_groups)) {
            let expected = format!("a divisor of every level's channels, {levels:?}");
            return Err(ConfigError::new("norm_num_groups", self.norm_num_groups, expected));
        }
        Ok(())
    }
}

impl Default for VaeConfig {
    fn default() -> Self {
        Self::flux()
    }
}

/// The file as tools write it: with fields null or missing, and with some that say what this crate has not.
#[derive(Deserialize)]
struct Fields {
    in_channels: Option<usize>,
    out_channels: Option<usize>,
    latent_channels: Option<usize>,
    block_out_channels: Option<Vec<usize>>,
    layers_per_block: Option<usize>,
    norm_num_groups: Option<usize>,
    mid_block_add_attention: Option<bool>,
    scaling_factor: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    shift_factor: Option<Option<f64>>,
    act_fn: Option<String>,
    down_block_types: Option<Vec<String>>,
    up_block_types: Option<Vec<String>>,
    use_quant_conv: Option<bool>,
    use_post_quant_conv: Option<bool>,
}

/// A field that is there, if only to say that there is nothing.
fn given<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Option<f64>>, D::Error> {
    Option::deserialize(field).map(Some)
}

impl TryFrom<Fields> for VaeConfig {
    type Error = ConfigError;

    fn try_from(fields: Fields) -> Result<Self, ConfigError> {
        let usual = Self::flux();
        let config = Self {
            in_channels: fields.in_channels.unwrap_or(usual.in_channels),
            out_channels: fields.out_channels.unwrap_or(usual.out_channels),
            latent_channels: fields.latent_channels.unwrap_or(usual.latent_channels),
            block_out_channels: fields.block_out_channels.unwrap_or(usual.block_out_channels),
            layers_per_block: fields.layers_per_block.unwrap_or(usual.layers_per_block),
            norm_num_groups: fields.norm_num_groups.unwrap_or(usual.norm_num_groups),
            mid_block_add_attention: fields.mid_block_add_attention.unwrap_or(usual.mid_block_add_attention),
            scaling_factor: fields.scaling_factor.unwrap_or(usual.scaling_factor),
            shift_factor: fields.shift_factor.map_or(usual.shift_factor, Option::unwrap_or_default),
        };
        config.validate()?;
        let levels = config.block_out_channels.len();
        only("act_fn", fields.act_fn, &"silu".to_owned())?;
        only("down_block_types", fields.down_block_types, &vec!["DownEncoderBlock2D".to_owned(); levels])?;
        only("up_block_types", fields.up_block_types, &vec!["UpDecoderBlock2D".to_owned(); levels])?;
        only("use_quant_conv", fields.use_quant_conv, &false)?;
        only("use_post_quant_conv", fields.use_post_quant_conv, &false)?;
        Ok(config)
    }
}

fn only<T: PartialEq + std::fmt::Debug>(
    field: &'static str,
    found: Option<T>,
    expected: &T,
) -> Result<(), ConfigError> {
    match found {
        Some(found) if found != *expected => {
            Err(ConfigError::new(field, format!("{found:?}"), format!("{expected:?}")))
        }
        _ => Ok(()),
    }
}
