use burn::prelude::*;
use burn::tensor::{DType, FloatDType};
use omnigen2_mllm::{ImageFeatures, Input, KvCache, Mllm};

use crate::Result;

/// What of a conversation was read, so that what follows need not read it again.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    ids: Vec<u32>,
    /// How many of the tokens were the last prompt: what follows them was replied.
    prompt: usize,
    pictures: Vec<Seen>,
    cache: KvCache,
    /// Of all tokens, in as many pieces as they were read in.
    hidden: Vec<Tensor<3>>,
}

/// A picture among the tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) digest: String,
    /// Its first token.
    pub(super) start: usize,
    pub(super) tokens: usize,
}

/// What a conversation consists of for the language model.
pub(super) struct Script {
    pub(super) ids: Vec<u32>,
    pub(super) pictures: Vec<Seen>,
    /// The type that it is read in.
    pub(super) compute: FloatDType,
}

impl Session {
    /// How many of the first tokens are as in a script, pictures being whole or not there.
    pub(super) fn shared(&self, script: &Script) -> usize {
        let same = self.ids.iter().zip(&script.ids).take_while(|(a, b)| a == b).count();
        let known = |(index, seen): &(usize, &Seen)| {
            self.pictures.get(*index) == Some(*seen) && seen.start + seen.tokens <= same
        };
        let new = script.pictures.iter().enumerate().find(|picture| !known(picture));
        new.map_or(same, |(_, seen)| same.min(seen.start))
    }

    /// Whether a script that shares so many tokens goes on with this conversation: all that was asked is in it.
    pub(super) fn goes_on(&self, shared: usize) -> bool {
        shared >= self.prompt
    }

    /// The bytes of what is kept for each token: keys, values and hidden states.
    pub(super) fn bytes(&self) -> u64 {
        let hidden = self.hidden.iter().map(|piece| piece.shape().num_elements() * piece.dtype().size());
        (self.cache.bytes() + hidden.sum::<usize>()) as u64
    }

    /// Forgets all but the first tokens, and makes room for `room` in all.
    pub(super) fn keep(&mut self, tokens: usize, room: usize) {
        self.ids.truncate(tokens);
        self.pictures.retain(|seen| seen.start < tokens);
        self.cache.truncate(tokens);
        self.cache.reserve(room);
        let mut left = tokens;
        let kept = std::mem::take(&mut self.hidden).into_iter().map_while(|piece| {
            let kept = left.min(piece.dims()[1]);
            left -= kept;
            (kept > 0).then(|| piece.narrow(1, 0, kept))
        });
        self.hidden = kept.collect();
    }

    /// Reads the rest of a script; `images` are the features of the pictures in that rest.
    pub(super) fn read(&mut self, mllm: &Mllm, script: Script, images: &[ImageFeatures]) -> Result<()> {
        let rest = &script.ids[self.ids.len()..];
        if !rest.is_empty() {
            let input = Input::with_images(mllm, rest, images, script.compute)?;
            self.hidden.push(mllm.extend(&input, &mut self.cache)?);
        }
        self.prompt = script.ids.len();
        self.ids = script.ids;
        self.pictures = script.pictures;
        Ok(())
    }

    /// Reads a token of the reply.
    pub(super) fn read_token(&mut self, mllm: &Mllm, id: u32, compute: FloatDType) -> Result<()> {
        let input = Input::next_tokens(mllm, &[id], compute)?;
        self.hidden.push(mllm.extend(&input, &mut self.cache)?);
        self.ids.push(id);
        Ok(())
    }

    /// How likely each token is to follow, `[1, vocab]`; nothing, where nothing was read.
    pub(super) fn next_logits(&self, mllm: &Mllm) -> Option<Tensor<2>> {
        self.hidden.last().map(|hidden| mllm.next_logits(hidden.clone()))
    }

    /// The hidden states of those of the first tokens that are text, `[1, text tokens, channels]`.
    pub(super) fn text_features(&self, tokens: usize, image_token: u32) -> Tensor<3> {
        let hidden = Tensor::cat(self.hidden.clone(), 1);
        let text = self.ids[..tokens].iter().zip(0i64..).filter(|(id, _)| **id != image_token);
        let places: Vec<i64> = text.map(|(_, place)| place).collect();
        let shape = [places.len()];
        let places = Tensor::<1, Int>::from_data(TensorData::new(places, shape), &hidden.device());
        hidden.select(1, places).cast(DType::F32)
    }

    pub(super) fn ids(&self) -> &[u32] {
        &self.ids
    }
}
