use std::fmt;
use std::str::FromStr;

use omnigen2_dit::ParseError;
use serde::{Deserialize, Serialize};

/// The sides of a picture in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Size {
    /// Returns the size of a picture of `width` by `height` pixels.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Returns the number of pixels.
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}x{}", self.width, self.height))
    }
}

impl FromStr for Size {
    type Err = ParseError;

    /// Reads `1024x768`, `1024X768` and `1024×768`.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let side = |text: &str| text.trim().parse().ok();
        let sides = text.split_once(['x', 'X', '×']);
        let size = sides.and_then(|(width, height)| Some(Self::new(side(width)?, side(height)?)));
        size.ok_or(ParseError { expected: "WIDTHxHEIGHT in pixels, such as 1024x768" })
    }
}

/// The limits of a reference image's size for the VAE; larger ones are scaled down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceLimits {
    /// The most pixels.
    pub max_pixels: u64,
    /// The longest side.
    pub max_side: u32,
}

impl Default for ReferenceLimits {
    /// The reference's: 1024² pixels and 1024 a side.
    fn default() -> Self {
        Self { max_pixels: 1024 * 1024, max_side: 1024 }
    }
}
