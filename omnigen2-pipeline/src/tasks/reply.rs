//! Talking, and drawing what was talked about.

use crate::Result;
use crate::engine::{Chat, Engine, FeatureCache};
use crate::parts::{Ending, Speech};
use crate::values::{Conversation, ConversationError, ImageRequest, ReplySettings, Turn};

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
    features: &'p mut FeatureCache,
    conversation: Conversation,
    text: String,
}

impl<'p> Reply<'p> {
    pub(crate) fn start(
        engine: &'p mut Engine,
        conversation: &Conversation,
        settings: &ReplySettings,
    ) -> Result<Self> {
        conversation.check_pictures().map_err(ConversationError::from)?;
        if settings.max_tokens == 0 {
            return Err(ConversationError::NoReply.into());
        }
        let sampling = settings.sampling.unwrap_or(engine.sampling());
        sampling.validate()?;
        let settings = ReplySettings { sampling: Some(sampling), ..settings.clone() };
        let Chat { model, allowance, features } = engine.chat()?;
        Ok(Self {
            speech: model.reply(conversation, &settings, allowance)?,
            features,
            conversation: conversation.clone(),
            text: String::new(),
        })
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
        let Self { speech, features: kept, conversation, text } = self;
        let Ending::Draw(features) = speech.end()? else { return Ok(Turn::Text(text)) };
        kept.keep_conversation(&conversation, features);
        Ok(Turn::Draw(ImageRequest {
            prompt: conversation.request(),
            references: conversation.latest_pictures().into_iter().map(Into::into).collect(),
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
