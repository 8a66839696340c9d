#[cfg(test)]
mod tests;

use std::sync::Arc;

use burn::prelude::*;
use burn::tensor::FloatDType;
use omnigen2_mllm::{Decoder, GenerationConfig, ImageFeatures, Mllm, MllmConfig, Sampler};
use omnigen2_rope::Segment;

use crate::chat::ReplySettings;
use crate::conversation::{Conversation, ConversationError};
use crate::parts::{ChatModel, Speech};
use crate::reader::Eyes;
use crate::reader::eyes::Glimpse;
use crate::reader::session::{Script, Seen, Session};
use crate::reader::speech::Spoken;
use crate::slot::Slot;
use crate::text::{PromptTokenizer, SpecialToken, StopStrings, TextStream, expand_image_pads};
use crate::{Memory, Result};

/// What one talks to: the tokenizer, the vision tower and the language model. It remembers what it read last, so
/// that a further turn of the same conversation costs only what is new.
#[derive(Debug)]
pub struct Talker {
    tokenizer: Arc<PromptTokenizer>,
    eyes: Eyes,
    config: MllmConfig,
    mllm: Slot<Arc<Mllm>>,
    generation: GenerationConfig,
    compute: FloatDType,
    memory: Memory,
    draw: u32,
    stop: Vec<u32>,
    session: Option<Session>,
}

/// A conversation as it will be read.
struct Reading<'a> {
    script: Script,
    glimpses: Vec<Glimpse<'a>>,
}

impl Talker {
    /// A talker of these parts, computing in F32, decoding greedily and keeping its networks in memory.
    ///
    /// # Errors
    /// If the tokenizer lacks a token of conversations: that of another model of the Qwen family has no `<|img|>`,
    /// by which OmniGen2 asks to draw.
    pub fn new(
        tokenizer: impl Into<Arc<PromptTokenizer>>,
        eyes: Eyes,
        config: MllmConfig,
        mllm: Slot<Arc<Mllm>>,
    ) -> Result<Self> {
        let tokenizer = tokenizer.into();
        for token in [SpecialToken::VisionStart, SpecialToken::VisionEnd, SpecialToken::ImagePad] {
            tokenizer.id(token)?;
        }
        let draw = tokenizer.id(SpecialToken::Image)?;
        let mut stop = vec![tokenizer.id(SpecialToken::TurnEnd)?, tokenizer.id(SpecialToken::EndOfText)?];
        stop.extend(&config.eos_token_id);
        Ok(Self {
            tokenizer,
            eyes,
            config,
            mllm,
            generation: GenerationConfig::default(),
            compute: FloatDType::F32,
            memory: Memory::Resident,
            draw,
            stop,
            session: None,
        })
    }

    /// The type of activations.
    pub fn computing_in(self, compute: FloatDType) -> Self {
        Self { compute, ..self }
    }

    /// How replies are decoded where nothing else is asked for, and further tokens that end them.
    pub fn decoding_as(mut self, generation: &GenerationConfig) -> Self {
        self.stop.extend(generation.stop_tokens());
        Self { generation: generation.clone(), ..self }
    }

    /// Whether the two networks may be in memory at once.
    pub fn keeping(self, memory: Memory) -> Self {
        Self { memory, ..self }
    }

    /// The tokens of a conversation and where its pictures stand; all that can be refused is refused here, before
    /// a network is loaded.
    fn reading<'a>(&self, conversation: &'a Conversation, reply: usize) -> Result<Reading<'a>> {
        let text = conversation.worded()?;
        let glimpses = self.eyes.glimpse(conversation.pictures())?;
        let tokens: Vec<usize> = glimpses.iter().map(|glimpse| glimpse.grid.cells()).collect();
        let ids = self.tokenizer.encode(&expand_image_pads(&text, &tokens)?)?;
        let most = self.config.max_position_embeddings;
        if ids.len().saturating_add(reply) > most {
            return Err(ConversationError::TooLong { tokens: ids.len(), reply, most }.into());
        }
        let grids: Vec<_> = glimpses.iter().map(|glimpse| glimpse.grid).collect();
        let mut pictures = Vec::with_capacity(grids.len());
        let mut start = 0;
        for segment in self.config.segments(&ids, &grids)? {
            if let Segment::Image(_) = segment {
                let digest = glimpses[pictures.len()].digest.clone();
                pictures.push(Seen { digest, start, tokens: segment.tokens() });
            }
            start += segment.tokens();
        }
        Ok(Reading { script: Script { ids, pictures, compute: self.compute }, glimpses })
    }

    /// Reads what is new of a conversation.
    fn read(&mut self, reading: Reading<'_>, room: usize) -> Result<Session> {
        let Reading { script, glimpses } = reading;
        let mut session = self.session.take().unwrap_or_default();
        let shared = session.shared(&script);
        session.keep(shared, room);
        let new = glimpses.iter().zip(&script.pictures).filter(|(_, seen)| seen.start >= shared);
        let images = self.look(new.map(|(glimpse, _)| glimpse))?;
        session.read(self.mllm.get()?, script, &images)?;
        Ok(session)
    }

    /// Under staged memory the two networks are never there together.
    fn look<'a>(&mut self, glimpses: impl Iterator<Item = &'a Glimpse<'a>>) -> Result<Vec<ImageFeatures>> {
        let mut glimpses = glimpses.peekable();
        if glimpses.peek().is_none() {
            return Ok(Vec::new());
        }
        if self.memory == Memory::Staged {
            self.mllm.release();
        }
        let images = glimpses.map(|glimpse| self.eyes.look(glimpse)).collect();
        if self.memory == Memory::Staged {
            self.eyes.close();
        }
        images
    }

    fn sampler(&self, settings: &ReplySettings) -> Result<Sampler> {
        let sampling = settings.sampling.unwrap_or_else(|| self.generation.sampling());
        sampling.validate()?;
        Ok(Sampler::new(sampling, settings.seed))
    }

    fn decoder(&self, mut sampler: Sampler, settings: &ReplySettings) -> Decoder {
        let mut stop = self.stop.clone();
        match settings.may_draw {
            true => stop.push(self.draw),
            false => sampler = sampler.barring(vec![self.draw]),
        }
        Decoder::new(vec![sampler], stop)
    }
}

impl ChatModel for Talker {
    fn reply<'m>(
        &'m mut self,
        conversation: &Conversation,
        settings: &ReplySettings,
    ) -> Result<Box<dyn Speech + 'm>> {
        let mut sampler = self.sampler(settings)?;
        let reading = self.reading(conversation, settings.max_tokens)?;
        let prompt = reading.script.ids.len();
        let session = self.read(reading, prompt + settings.max_tokens)?;
        sampler.note(session.ids());
        let decoder = self.decoder(sampler, settings);
        Ok(Box::new(Spoken {
            mllm: self.mllm.get()?,
            tokenizer: &self.tokenizer,
            memory: &mut self.session,
            image_token: self.config.image_token_id,
            draw: self.draw,
            compute: self.compute,
            session,
            decoder,
            prompt,
            left: settings.max_tokens,
            pending: None,
            stream: TextStream::new(),
            stops: StopStrings::new(settings.stop.iter().cloned()),
            state: Default::default(),
        }))
    }

    fn features(&mut self, conversation: &Conversation) -> Result<Tensor<3>> {
        let reading = self.reading(conversation, 0)?;
        let tokens = reading.script.ids.len();
        let session = self.read(reading, tokens)?;
        let features = session.text_features(tokens, self.config.image_token_id);
        self.session = Some(session);
        Ok(features)
    }
}
