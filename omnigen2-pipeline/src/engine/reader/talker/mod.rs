#[cfg(test)]
mod tests;

use std::sync::Arc;

use burn::prelude::*;
use burn::tensor::FloatDType;
use omnigen2_mllm::{Decoder, GenerationConfig, ImageFeatures, Mllm, MllmConfig, Sampler};
use omnigen2_rope::Segment;

use super::eyes::{Eyes, Shown};
use super::session::{Script, Seen, Session};
use super::sessions::Sessions;
use super::speech::Spoken;
use crate::Result;
use crate::engine::placement::move_to;
use crate::engine::slot::Slot;
use crate::parts::{Allowance, ChatModel, Speech};
use crate::text::{
    PromptTokenizer, SpecialToken, StopStrings, TextStream, conversation_prompt, expand_image_pads,
};
use crate::values::{Conversation, ConversationError, Memory, ReplySettings};

/// The tokenizer, the vision tower and the language model as a chat model. What was read of conversations is
/// remembered, so that a further turn costs only what is new.
#[derive(Debug)]
pub struct Talker {
    tokenizer: Arc<PromptTokenizer>,
    eyes: Eyes,
    config: MllmConfig,
    mllm: Slot<Arc<Mllm>>,
    generation: GenerationConfig,
    compute: FloatDType,
    draw: u32,
    stop: Vec<u32>,
    sessions: Sessions,
}

/// A conversation as it will be read.
struct Reading<'a> {
    script: Script,
    shown: Vec<Shown<'a>>,
}

impl Talker {
    /// A talker of these parts, computing in F32 and decoding greedily.
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
        tokenizer.id(SpecialToken::VisionStart)?;
        tokenizer.id(SpecialToken::VisionEnd)?;
        tokenizer.require(SpecialToken::ImagePad, config.image_token_id)?;
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
            draw,
            stop,
            sessions: Sessions::default(),
        })
    }

    /// The type of activations.
    pub fn computing_in(self, compute: FloatDType) -> Self {
        Self { compute, ..self }
    }

    /// Sets how replies are decoded where nothing else is asked for, and further tokens that end them.
    pub fn decoding_as(mut self, generation: &GenerationConfig) -> Self {
        self.stop.extend(generation.stop_tokens());
        Self { generation: generation.clone(), ..self }
    }

    /// The tokens of a conversation and where its pictures stand; all that can be refused is refused here, before
    /// a network is loaded.
    fn reading<'a>(&self, conversation: &'a Conversation, reply: usize) -> Result<Reading<'a>> {
        let text = conversation_prompt(conversation)?;
        let shown = self.eyes.measure(conversation.pictures())?;
        let tokens: Vec<usize> = shown.iter().map(|picture| picture.grid.cells()).collect();
        let ids = self.tokenizer.encode(&expand_image_pads(&text, &tokens)?)?;
        let most = self.config.max_position_embeddings;
        if ids.len().saturating_add(reply) > most {
            return Err(ConversationError::TooLong { tokens: ids.len(), reply, most }.into());
        }
        let grids: Vec<_> = shown.iter().map(|picture| picture.grid).collect();
        let mut pictures = Vec::with_capacity(grids.len());
        let mut start = 0;
        for segment in self.config.segments(&ids, &grids)? {
            if let Segment::Image(_) = segment {
                let digest = shown[pictures.len()].digest.clone();
                pictures.push(Seen { digest, start, tokens: segment.tokens() });
            }
            start += segment.tokens();
        }
        Ok(Reading { script: Script { ids, pictures, compute: self.compute }, shown })
    }

    /// Reads what is new of a conversation.
    fn read(&mut self, reading: Reading<'_>, room: usize, memory: Memory) -> Result<Session> {
        let Reading { script, shown } = reading;
        let mut session = self.sessions.begin(&script, room);
        let known = session.ids().len();
        let new = shown.iter().zip(&script.pictures).filter(|(_, seen)| seen.start >= known);
        let images = self.look(new.map(|(picture, _)| picture), memory)?;
        let mllm = self.mllm.get()?;
        session.read(mllm, script, &beside(mllm, images))?;
        Ok(session)
    }

    /// Under staged memory the two networks are never there together.
    fn look<'a>(
        &mut self,
        pictures: impl Iterator<Item = &'a Shown<'a>>,
        memory: Memory,
    ) -> Result<Vec<ImageFeatures>> {
        let mut pictures = pictures.peekable();
        if pictures.peek().is_none() {
            return Ok(Vec::new());
        }
        if memory == Memory::Staged {
            self.mllm.release();
        }
        let images = pictures.map(|picture| self.eyes.look(picture)).collect();
        if memory == Memory::Staged {
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
        if settings.may_draw {
            stop.push(self.draw);
        } else {
            sampler = sampler.barring(vec![self.draw]);
        }
        Decoder::new(vec![sampler], stop)
    }
}

/// Moves features to where the language model is.
fn beside(mllm: &Mllm, images: Vec<ImageFeatures>) -> Vec<ImageFeatures> {
    let Some(device) = mllm.devices().pop() else { return images };
    let moved = |image: ImageFeatures| ImageFeatures { values: move_to(image.values, &device), ..image };
    images.into_iter().map(moved).collect()
}

impl ChatModel for Talker {
    fn reply<'m>(
        &'m mut self,
        conversation: &Conversation,
        settings: &ReplySettings,
        allowance: Allowance,
    ) -> Result<Box<dyn Speech + 'm>> {
        let mut sampler = self.sampler(settings)?;
        let reading = self.reading(conversation, settings.max_tokens)?;
        let prompt = reading.script.ids.len();
        let session = self.read(reading, prompt + settings.max_tokens, allowance.memory)?;
        self.sessions.limit_others(allowance.sessions);
        sampler.note(session.ids());
        let decoder = self.decoder(sampler, settings);
        Ok(Box::new(Spoken {
            mllm: self.mllm.get()?,
            tokenizer: &self.tokenizer,
            sessions: &mut self.sessions,
            allowed: allowance.sessions,
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

    fn features(&mut self, conversation: &Conversation, allowance: Allowance) -> Result<Tensor<3>> {
        let reading = self.reading(conversation, 0)?;
        let tokens = reading.script.ids.len();
        let session = self.read(reading, tokens, allowance.memory)?;
        let features = session.text_features(tokens, self.config.image_token_id);
        self.sessions.keep(session, allowance.sessions);
        Ok(features)
    }
}
