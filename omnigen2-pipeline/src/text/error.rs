//! What can be wrong with a text or its tokenizer.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::SpecialToken;
use crate::values::ConversationError;

/// The reason why text could not become tokens.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TextError {
    /// A conversation cannot be worded.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The tokenizer's file is not there or not readable.
    #[error(
        "cannot read the tokenizer {}; a checkpoint keeps it in its processor directory as tokenizer.json",
        path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason that the system gave.
        source: io::Error,
    },
    /// The tokenizer's file is no tokenizer.
    #[error("{} is not a tokenizer of the Hugging Face format; fetch the file again", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The reason that the tokenizers library gave.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The tokenizer lacks a special token.
    #[error(
        "the tokenizer {} has no token {token}; use the tokenizer.json published with OmniGen2, not another \
         model's",
        path.display()
    )]
    MissingToken {
        /// The token sought.
        token: SpecialToken,
        /// The tokenizer's file.
        path: PathBuf,
    },
    /// The language model knows a special token by another id than the tokenizer.
    #[error(
        "the tokenizer {} gives {token} the id {id}, but the language model's config.json {expected}; use both files \
         of one checkpoint",
        path.display()
    )]
    AnotherId {
        /// The token.
        token: SpecialToken,
        /// The tokenizer's file.
        path: PathBuf,
        /// Its id in the tokenizer.
        id: u32,
        /// Its id in the config.
        expected: u32,
    },
    /// The tokenizer failed on a text.
    #[error("the tokenizer {} cannot process this text; fetch the file again", path.display())]
    Process {
        /// The tokenizer's file.
        path: PathBuf,
        /// The reason that the tokenizers library gave.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The places for images in a text are not as many as the images.
    #[error(
        "the text has {places} places for images ({}) but {images} images were given; \
         leave that token out of the prompt",
        SpecialToken::ImagePad
    )]
    ImageCount {
        /// Places in the text.
        places: usize,
        /// Images given.
        images: usize,
    },
    /// A text mentions an image that is not there yet.
    #[error(
        "the text mentions <img{mentioned}>, but {}; show that picture or leave the mention out",
        shown(*images)
    )]
    UnknownImage {
        /// The number mentioned, at most [`usize::MAX`].
        mentioned: usize,
        /// Images shown so far.
        images: usize,
    },
}

fn shown(images: usize) -> String {
    match images {
        0 => "no picture is shown by then".to_string(),
        1 => "only <img1> is shown by then".to_string(),
        _ => format!("only <img1> to <img{images}> are shown by then"),
    }
}
