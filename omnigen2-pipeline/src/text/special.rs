//! Tokens with a meaning of their own.

use std::fmt;

/// Tokens with a meaning of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SpecialToken {
    /// Ends a document; also pads.
    EndOfText,
    /// Opens a turn.
    TurnStart,
    /// Closes a turn.
    TurnEnd,
    /// Opens the features of an image.
    VisionStart,
    /// Closes the features of an image.
    VisionEnd,
    /// Stands for one merged token of an image.
    ImagePad,
    /// OmniGen2's own: the reply is an image.
    Image,
}

impl SpecialToken {
    /// The spelling of the token in text.
    pub const fn text(self) -> &'static str {
        match self {
            Self::EndOfText => "<|endoftext|>",
            Self::TurnStart => "<|im_start|>",
            Self::TurnEnd => "<|im_end|>",
            Self::VisionStart => "<|vision_start|>",
            Self::VisionEnd => "<|vision_end|>",
            Self::ImagePad => "<|image_pad|>",
            Self::Image => "<|img|>",
        }
    }
}

impl fmt::Display for SpecialToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
