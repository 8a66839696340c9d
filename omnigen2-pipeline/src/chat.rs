//! Talking, and drawing what was talked about.

use omnigen2_mllm::Sampling;

use crate::conversation::{Conversation, ConversationError};
use crate::omnigen2::{OmniGen2, PromptCache, Stage};
use crate::parts::{Ending, Speech};
use crate::{ImageRequest, Result};

/// The reference's default.
const MAX_TOKENS: usize = 256;

/// How a reply is worded.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplySettings {
    /// The most tokens it may have.
    pub max_tokens: usize,
    /// How its tokens are chosen; as the checkpoint says, if not given.
    pub sampling: Option<Sampling>,
    /// Where chance begins.
    pub seed: u64,
    /// Texts at which it ends; they are not part of it.
    pub stop: Vec<String>,
    /// Whether it may be a request to draw instead.
    pub may_draw: bool,
}

impl Default for ReplySettings {
    fn default() -> Self {
        Self { max_tokens: MAX_TOKENS, sampling: None, seed: 0, stop: Vec::new(), may_draw: true }
    }
}

/// What the model did in its turn.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and a request is a plain value")]
pub enum Turn {
    /// It said this.
    Text(String),
    /// It wants to draw this: from the conversation, and from its latest pictures. Size, steps, seed and whatever
    /// else is not said in words can be set before it is [generated](OmniGen2::generate).
    Draw(ImageRequest),
}

/// A reply as it comes: iterate for its text, drop to cancel, [`finish`](Self::finish) for the turn.
///
/// ```
/// use burn::prelude::Device;
/// use omnigen2_pipeline::{Conversation, Message, OmniGen2, Turn, pixels::RgbImage};
///
/// # let checkpoint = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny-checkpoint");
/// let mut omnigen2 = OmniGen2::load(checkpoint, &Device::flex())?;
/// let mut conversation = Conversation::new()
///     .with(Message::user("Please describe this image briefly.").picture(RgbImage::new(64, 64)));
/// let mut reply = omnigen2.chat(&conversation)?;
/// for piece in &mut reply {
///     print!("{}", piece?);
/// }
/// match reply.finish()? {
///     Turn::Text(text) => conversation.push(Message::assistant(text)),
///     Turn::Draw(request) => {
///         let picture = omnigen2.generate(&request.steps(20))?.finish()?.remove(0);
///         conversation.push(Message::drawn(picture));
///     }
/// }
/// # Ok::<(), omnigen2_pipeline::Error>(())
/// ```
pub struct Reply<'p> {
    speech: Box<dyn Speech + 'p>,
    prompts: &'p mut PromptCache,
    conversation: Conversation,
    text: String,
}

impl OmniGen2 {
    /// Starts a reply to a conversation, worded as the checkpoint says.
    ///
    /// # Errors
    /// If the conversation cannot be continued, a picture cannot be looked at, or a part cannot be loaded.
    pub fn chat(&mut self, conversation: &Conversation) -> Result<Reply<'_>> {
        self.chat_with(conversation, &ReplySettings::default())
    }

    /// Starts a reply to a conversation.
    ///
    /// # Errors
    /// As [`chat`](Self::chat), or if a setting makes no sense.
    pub fn chat_with(&mut self, conversation: &Conversation, settings: &ReplySettings) -> Result<Reply<'_>> {
        if settings.max_tokens == 0 {
            return Err(ConversationError::NoReply.into());
        }
        let sampling = settings.sampling.unwrap_or(self.sampling);
        sampling.validate()?;
        let settings = ReplySettings { sampling: Some(sampling), ..settings.clone() };
        self.enter(Stage::Chat);
        Ok(Reply {
            speech: self.chat.get_mut()?.reply(conversation, &settings)?,
            prompts: &mut self.prompts,
            conversation: conversation.clone(),
            text: String::new(),
        })
    }

    /// How the checkpoint chooses the tokens of replies.
    pub fn sampling(&self) -> Sampling {
        self.sampling
    }
}

impl Reply<'_> {
    /// Lets the model say what is left.
    ///
    /// # Errors
    /// If it fails to.
    pub fn finish(mut self) -> Result<Turn> {
        for piece in &mut self {
            piece?;
        }
        self.stop()
    }

    /// Ends the turn here, with what was said so far; the conversation can go on from there at no further cost.
    ///
    /// # Errors
    /// If the model fails.
    pub fn stop(self) -> Result<Turn> {
        let Self { speech, prompts, conversation, text } = self;
        let Ending::Draw(features) = speech.end()? else { return Ok(Turn::Text(text)) };
        prompts.keep_conversation(&conversation, features);
        Ok(Turn::Draw(ImageRequest {
            prompt: conversation.request(),
            references: conversation.latest_pictures(),
            conversation: Some(conversation),
            ..ImageRequest::default()
        }))
    }
}

impl Iterator for Reply<'_> {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Result<String>> {
        let piece = self.speech.next()?;
        if let Ok(text) = &piece {
            self.text += text;
        }
        Some(piece)
    }
}

impl std::fmt::Debug for Reply<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply").field("text", &self.text).finish_non_exhaustive()
    }
}
