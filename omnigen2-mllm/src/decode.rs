use burn::prelude::*;
use burn::tensor::DType;
use thiserror::Error;

use crate::sample::Sampler;

/// The next token of a sequence, or its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A token of the reply.
    Token(u32),
    /// The token that ends the reply.
    Stop(u32),
    /// No token: the reply has ended before.
    Over,
}

/// A step at which no token could be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The logits are not numbers.
    #[error(
        "the language model's logits are non-finite: its weights hold NaN or infinity, or the precision is too \
         narrow; check the checkpoint, or compute in F32"
    )]
    NonFinite,
    /// The logits could not be read from the device.
    #[error("reading logits from the device failed: {0}")]
    Read(String),
}

/// Chooses the next tokens of a batch of sequences until each has come to a token that ends it.
///
/// ```
/// use burn::prelude::*;
/// use burn::tensor::FloatDType;
/// use omnigen2_mllm::{Decoder, Input, KvCache, MllmConfig, Next, Sampler, Sampling};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mllm = MllmConfig::tiny().init(&Device::flex());
/// let mut cache = KvCache::default();
/// let mut hidden = mllm.extend(&Input::text(&mllm, &[1, 2, 3], FloatDType::F32)?, &mut cache)?;
/// let mut decoder = Decoder::new(vec![Sampler::new(Sampling::greedy(), 0)], vec![63]);
/// let mut reply = Vec::new();
/// while reply.len() < 8
///     && let Next::Token(id) = decoder.choose(mllm.next_logits(hidden))?[0]
/// {
///     reply.push(id);
///     hidden = mllm.extend(&Input::next_tokens(&mllm, &[id], FloatDType::F32)?, &mut cache)?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    samplers: Vec<Sampler>,
    stop: Vec<u32>,
    over: Vec<bool>,
}

impl Decoder {
    /// A decoder of as many sequences as there are samplers, which any of the tokens `stop` ends.
    pub fn new(samplers: Vec<Sampler>, stop: Vec<u32>) -> Self {
        let over = vec![false; samplers.len()];
        Self { samplers, stop, over }
    }

    /// Chooses the next token of each sequence.
    ///
    /// # Shapes
    /// - logits: `[batch, vocab]`
    ///
    /// # Errors
    /// If the logits are not numbers, or cannot be read from the device.
    ///
    /// # Panics
    /// If there are other than as many sequences as samplers.
    pub fn choose(&mut self, logits: Tensor<2>) -> Result<Vec<Next>, DecodeError> {
        let [batch, vocab] = logits.dims();
        assert_eq!(batch, self.samplers.len(), "logits of another number of sequences than samplers");
        let logits = logits.cast(DType::F32).try_into_data();
        let logits = logits.map_err(|e| DecodeError::Read(format!("{e:?}")))?;
        let logits = logits.try_into_vec::<f32>().map_err(|e| DecodeError::Read(format!("{e:?}")))?;
        let rows = self.samplers.iter_mut().zip(&mut self.over).zip(logits.chunks(vocab));
        rows.map(|((sampler, over), logits)| {
            if *over {
                return Ok(Next::Over);
            }
            let id = sampler.choose(logits).ok_or(DecodeError::NonFinite)?;
            *over = self.stop.contains(&id);
            Ok(if *over { Next::Stop(id) } else { Next::Token(id) })
        })
        .collect()
    }

    /// Returns whether every sequence has ended.
    pub fn is_over(&self) -> bool {
        self.over.iter().all(|&over| over)
    }
}
