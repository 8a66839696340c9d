use burn::tensor::FloatDType;
use omnigen2_mllm::{Decoder, Mllm, Next};

use super::session::Session;
use super::sessions::Sessions;
use crate::Result;
use crate::parts::{Ending, Speech};
use crate::text::{PromptTokenizer, Scanned, StopStrings, TextStream};

/// A reply of the language model as it comes. Dropped, it takes what was read of this conversation with it; ended, it
/// leaves that for the next turn.
pub(super) struct Spoken<'m> {
    pub(super) mllm: &'m Mllm,
    pub(super) tokenizer: &'m PromptTokenizer,
    pub(super) sessions: &'m mut Sessions,
    /// Bytes for other conversations than this one.
    pub(super) allowed: u64,
    pub(super) image_token: u32,
    /// The token by which the model asks to draw.
    pub(super) draw: u32,
    pub(super) compute: FloatDType,
    pub(super) session: Session,
    pub(super) decoder: Decoder,
    /// Tokens of the conversation before the reply.
    pub(super) prompt: usize,
    /// Tokens that the reply may still have.
    pub(super) left: usize,
    /// A token that was said but not read yet.
    pub(super) pending: Option<u32>,
    pub(super) stream: TextStream,
    pub(super) stops: StopStrings,
    pub(super) state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Not a token was said.
    #[default]
    Silent,
    Speaking,
    Done,
    /// It began with the token by which the model asks to draw.
    Drawing,
}

impl Spoken<'_> {
    fn choose(&mut self) -> Result<Next> {
        if let Some(id) = self.pending.take() {
            self.session.read_token(self.mllm, id, self.compute)?;
        }
        let Some(logits) = self.session.next_logits(self.mllm) else { return Ok(Next::Over) };
        Ok(self.decoder.choose(logits)?.into_iter().next().unwrap_or(Next::Over))
    }

    /// What can be said now; may be nothing.
    fn step(&mut self) -> Result<String> {
        if self.left == 0 {
            return self.close();
        }
        match self.choose()? {
            Next::Token(id) => {
                self.state = State::Speaking;
                self.pending = Some(id);
                self.left -= 1;
                let piece = self.stream.push(self.tokenizer, id)?;
                Ok(self.scan(&piece))
            }
            Next::Stop(id) if id == self.draw && self.state == State::Silent => {
                self.state = State::Drawing;
                Ok(String::new())
            }
            Next::Stop(_) | Next::Over => self.close(),
        }
    }

    fn scan(&mut self, piece: &str) -> String {
        match self.stops.push(piece) {
            Scanned::Text(text) => text,
            Scanned::Stopped(text) => {
                self.state = State::Done;
                text
            }
        }
    }

    /// The last of the text, which was held back until now.
    fn close(&mut self) -> Result<String> {
        let rest = std::mem::take(&mut self.stream).finish(self.tokenizer)?;
        let text = self.scan(&rest);
        let stopped = std::mem::replace(&mut self.state, State::Done) == State::Done;
        let held = std::mem::take(&mut self.stops).finish();
        Ok(if stopped { text } else { text + &held })
    }
}

impl Iterator for Spoken<'_> {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Result<String>> {
        while matches!(self.state, State::Silent | State::Speaking) {
            match self.step() {
                Ok(piece) if piece.is_empty() => {}
                Ok(piece) => return Some(Ok(piece)),
                Err(error) => {
                    self.state = State::Done;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

impl Speech for Spoken<'_> {
    fn end(self: Box<Self>) -> Result<Ending> {
        let this = *self;
        let ending = match this.state {
            State::Drawing => Ending::Draw(this.session.text_features(this.prompt, this.image_token)),
            _ => Ending::Text,
        };
        this.sessions.keep(this.session, this.allowed);
        Ok(ending)
    }
}
