//! What was said and shown: a plain value.

use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::{Picture, UnresolvedPicture};

/// The system message of OmniGen2's prompts.
pub const SYSTEM: &str =
    "You are a helpful assistant that generates high-quality images based on user instructions.";

/// Turns of a user and the model, with pictures anywhere in them.
///
/// ```
/// use omnigen2_pipeline::{Conversation, Message, pixels::RgbImage};
///
/// let conversation = Conversation::new()
///     .with(Message::user("What is this?").picture(RgbImage::new(64, 64)))
///     .with(Message::assistant("A black square."))
///     .with(Message::user("Make it white."));
/// assert_eq!(conversation.pictures().count(), 1);
/// ```
///
/// Serialised, it is whole: pictures are PNGs, in base64 where the format is text, or stay [names](Picture).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conversation {
    /// The instruction that tells the model what it is.
    pub system: String,
    /// The turns, in order.
    pub messages: Vec<Message>,
}

/// One turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The speaker.
    pub role: Role,
    /// The words and pictures, in order.
    pub parts: Vec<Part>,
}

/// The speaker of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The one who asks.
    User,
    /// The model.
    Assistant,
}

/// A part of a turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Words. Those that spell a special token, such as `<|im_end|>`, become that token, as in the reference.
    Text(String),
    /// A picture: shown by the user, or drawn by the model.
    Picture(Picture),
}

/// A reason for which a conversation cannot be continued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConversationError {
    /// It does not end with the user's turn.
    #[error("there is nothing to reply to: a conversation must end with a user's message")]
    NothingAsked,
    /// It leaves no room for a reply.
    #[error(
        "the conversation has {tokens} tokens and the reply may have {reply}, together more than the {most} that \
         the language model was made for: begin a new conversation, show fewer or smaller pictures, or ask for a \
         shorter reply"
    )]
    TooLong {
        /// Tokens of the conversation.
        tokens: usize,
        /// The most tokens of the reply.
        reply: usize,
        /// `max_position_embeddings`.
        most: usize,
    },
    /// A picture of which there is a name alone.
    #[error(transparent)]
    Picture(#[from] UnresolvedPicture),
    /// The reply may have no tokens.
    #[error("the reply may have 0 tokens; allow at least 1")]
    NoReply,
}

impl Default for Conversation {
    fn default() -> Self {
        Self { system: SYSTEM.into(), messages: Vec::new() }
    }
}

impl Conversation {
    /// Returns a conversation in which nothing was said yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a turn.
    pub fn push(&mut self, message: Message) {
        self.messages.push(message);
    }

    /// Returns the conversation with a turn more.
    pub fn with(mut self, message: Message) -> Self {
        self.push(message);
        self
    }

    /// Puts the pixels that `find` gives in place of all names of pictures.
    ///
    /// # Errors
    /// What `find` says of the first name.
    pub fn resolve<E>(&mut self, mut find: impl FnMut(&str) -> Result<RgbImage, E>) -> Result<(), E> {
        let parts = self.messages.iter_mut().flat_map(|message| &mut message.parts);
        let mut pictures = parts.filter_map(|part| match part {
            Part::Picture(picture) => Some(picture),
            Part::Text(_) => None,
        });
        pictures.try_for_each(|picture| picture.resolve(&mut find))
    }

    /// Checks that the pixels of all pictures are here.
    pub(crate) fn check_pictures(&self) -> Result<(), UnresolvedPicture> {
        self.messages
            .iter()
            .flat_map(Message::all_pictures)
            .try_for_each(|picture| picture.pixels().map(drop))
    }

    /// Returns all pictures whose pixels are here, in order.
    pub fn pictures(&self) -> impl Iterator<Item = &RgbImage> {
        self.messages.iter().flat_map(Message::pictures)
    }

    /// Returns the pictures that the next one is drawn from: those since the last that the model drew, that one included.
    pub fn latest_pictures(&self) -> Vec<RgbImage> {
        let mut all = Vec::new();
        for message in &self.messages {
            all.extend(message.pictures().map(|picture| (message.role, picture)));
        }
        let start = all.iter().rposition(|(role, _)| *role == Role::Assistant).unwrap_or(0);
        all[start..].iter().map(|(_, picture)| (*picture).clone()).collect()
    }

    /// Returns the user's last words.
    pub fn request(&self) -> String {
        let asked = self.messages.iter().rfind(|message| message.role == Role::User);
        asked.map(Message::text).unwrap_or_default()
    }
}

impl Message {
    /// A turn of the user's.
    pub fn user(text: impl Into<String>) -> Self {
        Self { role: Role::User, parts: vec![Part::Text(text.into())] }
    }

    /// A turn of the model's.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self { role: Role::Assistant, parts: vec![Part::Text(text.into())] }
    }

    /// A turn in which the model drew.
    pub fn drawn(picture: impl Into<Picture>) -> Self {
        Self { role: Role::Assistant, parts: vec![Part::Picture(picture.into())] }
    }

    /// Adds a picture after those at the beginning, before the text, where the reference has them. For other
    /// places, write the parts out.
    pub fn picture(mut self, picture: impl Into<Picture>) -> Self {
        let text = |part: &Part| matches!(part, Part::Text(_));
        let place = self.parts.iter().position(text).unwrap_or(self.parts.len());
        self.parts.insert(place, Part::Picture(picture.into()));
        self
    }

    /// Returns the pictures of the turn whose pixels are here, in order.
    pub fn pictures(&self) -> impl Iterator<Item = &RgbImage> {
        self.all_pictures().filter_map(|picture| picture.pixels().ok())
    }

    fn all_pictures(&self) -> impl Iterator<Item = &Picture> {
        self.parts.iter().filter_map(|part| match part {
            Part::Picture(picture) => Some(picture),
            Part::Text(_) => None,
        })
    }

    /// Returns the words of the turn.
    pub fn text(&self) -> String {
        let words = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Picture(_) => None,
        });
        words.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(side: u32) -> RgbImage {
        RgbImage::new(side, side)
    }

    #[test]
    fn a_picture_is_drawn_from_what_came_since_the_last() {
        let widths = |conversation: &Conversation| {
            conversation.latest_pictures().iter().map(RgbImage::width).collect::<Vec<_>>()
        };
        let shown = Conversation::new()
            .with(Message::user("a").picture(picture(1)).picture(picture(2)))
            .with(Message::assistant("Fine."))
            .with(Message::user("combine").picture(picture(3)));
        assert_eq!(widths(&shown), [1, 2, 3]);
        let drawn = shown.with(Message::drawn(picture(4)).picture(picture(5)));
        assert_eq!(widths(&drawn.clone().with(Message::user("bluer"))), [5]);
        assert_eq!(widths(&drawn.with(Message::user("this hat").picture(picture(6)))), [5, 6]);
        assert_eq!(widths(&Conversation::new()), [0; 0]);
    }
}
