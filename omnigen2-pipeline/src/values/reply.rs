//! How a reply is asked for, and what it turned out to be.

use omnigen2_mllm::Sampling;
use serde::{Deserialize, Serialize};

use super::ImageRequest;

/// The reference's default.
const MAX_TOKENS: usize = 256;

/// Settings of a reply.
///
/// What is left out when they are read takes its default, and a field that there is not is refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplySettings {
    /// The most tokens it may have.
    pub max_tokens: usize,
    /// The choice of tokens; as the checkpoint says, if not given.
    pub sampling: Option<Sampling>,
    /// The seed of random choices.
    pub seed: u64,
    /// Texts at which it ends; they are not part of it.
    pub stop: Vec<String>,
    /// True if it may be a request to draw instead.
    pub may_draw: bool,
}

impl Default for ReplySettings {
    fn default() -> Self {
        Self { max_tokens: MAX_TOKENS, sampling: None, seed: 0, stop: Vec::new(), may_draw: true }
    }
}

/// The model's turn: words, or a request to draw.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and a request is a plain value")]
pub enum Turn {
    /// It said this.
    Text(String),
    /// It wants to draw this: from the conversation, and from its latest pictures. Size, steps, seed and whatever
    /// else is not said in words can be set before it is [generated](crate::OmniGen2::generate).
    Draw(ImageRequest),
}
