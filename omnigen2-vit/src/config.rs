use omnigen2_rope::{Frequencies, Grid, WindowLayout};
use serde::Deserialize;

use crate::error::ConfigError;

const THETA: f64 = 10_000.0;
pub(crate) const EPSILON: f64 = 1e-6;
const RGB: usize = 3;
const MOST_BLOCKS: usize = 1 << 10;
const WIDEST: usize = 1 << 20;

/// The dimensions of a vision tower, by their names in the `vision_config` object of `config.json`.
///
/// A field that is null or missing takes the value of Qwen2.5-VL-3B, except the sizes of the weights, which must
/// be there; fields of no concern to the network are passed over, and a file that describes no network is an error.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Fields")]
pub struct VitConfig {
    /// The number of blocks.
    pub depth: usize,
    /// The width of a patch.
    pub hidden_size: usize,
    /// The width inside a block's feed-forward.
    pub intermediate_size: usize,
    /// The number of heads that share `hidden_size`.
    pub num_heads: usize,
    /// The width of the features that leave the tower: the language model's.
    pub out_hidden_size: usize,
    /// The feed-forward's activation; `silu` alone is known.
    pub hidden_act: String,
    /// Colour channels: three.
    pub in_channels: usize,
    /// The side of a patch in pixels.
    pub patch_size: usize,
    /// The number of frames that a patch spans; a still image is repeated.
    pub temporal_patch_size: usize,
    /// The side, in patches, of the block that becomes one feature.
    pub spatial_merge_size: usize,
    /// The side of an attention window in pixels.
    pub window_size: usize,
    /// The blocks whose attention spans the whole image.
    pub fullatt_block_indexes: Vec<usize>,
}

impl VitConfig {
    /// The vision tower of Qwen2.5-VL-3B, which OmniGen2 uses.
    pub fn qwen2_5_vl_3b() -> Self {
        Self {
            depth: 32,
            hidden_size: 1280,
            intermediate_size: 3420,
            num_heads: 16,
            out_hidden_size: 2048,
            hidden_act: "silu".into(),
            in_channels: RGB,
            patch_size: 14,
            temporal_patch_size: 2,
            spatial_merge_size: 2,
            window_size: 112,
            fullatt_block_indexes: vec![7, 15, 23, 31],
        }
    }

    /// A network of a few thousand parameters, for examples and tests: features 32 wide.
    pub fn tiny() -> Self {
        Self {
            depth: 2,
            hidden_size: 32,
            intermediate_size: 48,
            num_heads: 2,
            out_hidden_size: 32,
            fullatt_block_indexes: vec![1],
            ..Self::qwen2_5_vl_3b()
        }
    }

    /// Returns whether a network can be built from these dimensions. A configuration that was read by serde has passed this.
    ///
    /// # Errors
    /// Names the first field that has no meaning or exceeds what any known network has.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let sizes = [
            ("depth", self.depth, MOST_BLOCKS),
            ("hidden_size", self.hidden_size, WIDEST),
            ("intermediate_size", self.intermediate_size, WIDEST),
            ("num_heads", self.num_heads, WIDEST),
            ("out_hidden_size", self.out_hidden_size, WIDEST),
            ("patch_size", self.patch_size, 1 << 8),
            ("temporal_patch_size", self.temporal_patch_size, 1 << 8),
            ("spatial_merge_size", self.spatial_merge_size, 1 << 4),
            ("window_size", self.window_size, WIDEST),
        ];
        for (field, size, most) in sizes {
            if !(1..=most).contains(&size) {
                return Err(ConfigError::new(field, size, format!("1 to {most}")));
            }
        }
        if self.in_channels != RGB {
            return Err(ConfigError::new("in_channels", self.in_channels, RGB));
        }
        if self.hidden_act != "silu" {
            return Err(ConfigError::new("hidden_act", &self.hidden_act, "silu"));
        }
        // Both halves of a head are turned by rows and columns alike, in pairs of channels.
        if !self.hidden_size.is_multiple_of(4 * self.num_heads) {
            let expected = format!("a multiple of 4 · num_heads, {}", 4 * self.num_heads);
            return Err(ConfigError::new("hidden_size", self.hidden_size, expected));
        }
        if self.window_size < self.cell() {
            let expected = format!("at least patch_size · spatial_merge_size, {}", self.cell());
            return Err(ConfigError::new("window_size", self.window_size, expected));
        }
        Ok(())
    }

    /// The attention windows into which the merged tokens of an image fall.
    ///
    /// # Panics
    /// If the configuration is not [valid](Self::validate).
    pub fn windows(&self, patches: Grid) -> WindowLayout {
        WindowLayout::new(patches.blocks(self.spatial_merge_size), self.window_size / self.cell())
    }

    /// The side, in pixels, of what becomes one feature: image sides are multiples of it.
    pub const fn cell(&self) -> usize {
        self.patch_size * self.spatial_merge_size
    }

    /// The number of patches that become one feature.
    pub(crate) const fn merged(&self) -> usize {
        self.spatial_merge_size * self.spatial_merge_size
    }

    pub(crate) fn frequencies(&self) -> Frequencies {
        Frequencies::vision(THETA, self.hidden_size / self.num_heads)
    }
}

/// The object as tools write it: with fields null, missing or of another name.
#[derive(Deserialize)]
struct Fields {
    depth: Option<usize>,
    hidden_size: Option<usize>,
    intermediate_size: Option<usize>,
    num_heads: Option<usize>,
    out_hidden_size: Option<usize>,
    hidden_act: Option<String>,
    in_channels: Option<usize>,
    in_chans: Option<usize>,
    patch_size: Option<usize>,
    temporal_patch_size: Option<usize>,
    spatial_merge_size: Option<usize>,
    window_size: Option<usize>,
    fullatt_block_indexes: Option<Vec<usize>>,
}

impl TryFrom<Fields> for VitConfig {
    type Error = ConfigError;

    fn try_from(fields: Fields) -> Result<Self, ConfigError> {
        let usual = Self::qwen2_5_vl_3b();
        let size =
            |field, size: Option<usize>| size.ok_or_else(|| ConfigError::new(field, "missing", "a size"));
        let config = Self {
            depth: size("depth", fields.depth)?,
            hidden_size: size("hidden_size", fields.hidden_size)?,
            intermediate_size: size("intermediate_size", fields.intermediate_size)?,
            num_heads: size("num_heads", fields.num_heads)?,
            out_hidden_size: size("out_hidden_size", fields.out_hidden_size)?,
            hidden_act: fields.hidden_act.unwrap_or(usual.hidden_act),
            in_channels: fields.in_channels.or(fields.in_chans).unwrap_or(usual.in_channels),
            patch_size: fields.patch_size.unwrap_or(usual.patch_size),
            temporal_patch_size: fields.temporal_patch_size.unwrap_or(usual.temporal_patch_size),
            spatial_merge_size: fields.spatial_merge_size.unwrap_or(usual.spatial_merge_size),
            window_size: fields.window_size.unwrap_or(usual.window_size),
            fullatt_block_indexes: fields.fullatt_block_indexes.unwrap_or(usual.fullatt_block_indexes),
        };
        config.validate()?;
        Ok(config)
    }
}
