use std::path::Path;

use omnigen2_pipeline::pixels::RgbImage;
use serde_json::json;

use super::entry::{Entry, HELP};
use crate::console::{Console, print, print_piece};
use crate::failure::{self, Failure};

/// The look of a conversation from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
}

/// A picture that was drawn.
pub(super) struct Drawn<'a> {
    pub(super) path: &'a Path,
    pub(super) picture: &'a RgbImage,
    pub(super) seed: u64,
}

impl Format {
    pub(super) fn parse(self, line: &str) -> Result<Entry, Failure> {
        match self {
            Self::Text => Entry::from_text(line),
            Self::Json => Entry::from_json(line),
        }
    }

    pub(super) fn piece(self, text: &str) -> Result<(), Failure> {
        match self {
            Self::Text => print_piece(text),
            Self::Json => print(json!({ "piece": text })),
        }
    }

    /// Ends a reply, of which the pieces were printed.
    pub(super) fn said(self, text: &str) -> Result<(), Failure> {
        match self {
            Self::Text => print(""),
            Self::Json => print(json!({ "turn": "text", "text": text })),
        }
    }

    pub(super) fn drawn(self, Drawn { path, picture, seed }: Drawn<'_>) -> Result<(), Failure> {
        match self {
            Self::Text => print(path.display()),
            Self::Json => print(json!({
                "turn": "draw",
                "path": path.to_string_lossy(),
                "width": picture.width(),
                "height": picture.height(),
                "seed": seed,
            })),
        }
    }

    pub(super) fn saved(self, path: &Path) -> Result<(), Failure> {
        match self {
            Self::Text => print(path.display()),
            Self::Json => print(json!({ "done": "save", "file": path.to_string_lossy() })),
        }
    }

    pub(super) fn forgotten(self, console: &Console) -> Result<(), Failure> {
        match self {
            Self::Text => console.say("the conversation is forgotten"),
            Self::Json => print(json!({ "done": "new" }))?,
        }
        Ok(())
    }

    pub(super) fn help(self) -> Result<(), Failure> {
        print(HELP)
    }

    /// A turn that came to nothing.
    pub(super) fn failed(self, failure: &Failure) -> Result<(), Failure> {
        match self {
            Self::Text => {
                failure::report(failure);
                Ok(())
            }
            Self::Json => print(json!({ "error": failure.lines().join(": ") })),
        }
    }
}
