//! A tokenizer for a small world of words.

use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{
    AddedToken, DecoderWrapper, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper,
    TokenizerBuilder,
};

use super::TrainError;
use crate::Result;
use crate::reflect::question;
use crate::text::SYSTEM;

/// OmniGen2's special tokens, in the order of their ids.
const SPECIAL: [&str; 9] = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
    "<|img|>",
];
/// Stands in a wording for what differs from one text to the next.
const GAP: char = '\u{1}';

/// A byte-pair tokenizer of at most `size` tokens for these texts, as the JSON of `tokenizer.json`. The wordings that
/// stand in every prompt are one token each.
///
/// # Errors
/// If the tokenizers library fails.
pub fn tokenizer(texts: impl Iterator<Item = String> + Send, size: usize) -> Result<String> {
    let failed =
        |error: tokenizers::Error| TrainError::Setting { setting: "tokenizer", why: error.to_string() };
    let special = SPECIAL.map(|text| AddedToken::from(text, true));
    let level = || ByteLevel::new(false, false, true);
    let mut tokenizer = TokenizerBuilder::<
        BPE,
        NormalizerWrapper,
        PreTokenizerWrapper,
        PostProcessorWrapper,
        DecoderWrapper,
    >::new()
    .with_model(BPE::default())
    .with_normalizer(None)
    .with_pre_tokenizer(Some(PreTokenizerWrapper::ByteLevel(level())))
    .with_post_processor(None)
    .with_decoder(Some(DecoderWrapper::ByteLevel(level())))
    .build()
    .map_err(failed)?;
    let wordings = wordings();
    let mut trainer = BpeTrainer::builder()
        .vocab_size(size.saturating_sub(wordings.len()))
        .special_tokens(special.to_vec())
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .show_progress(false)
        .build();
    tokenizer.train(&mut trainer, texts).map_err(failed)?;
    let added: Vec<AddedToken> =
        wordings.iter().map(|text| AddedToken::from(text.as_str(), false).normalized(false)).collect();
    tokenizer.add_tokens(&added);
    Ok(tokenizer.to_string(true).map_err(failed)?)
}

/// The system's words, and what stands between the gaps of a question to the critic.
fn wordings() -> Vec<String> {
    let question = question(&GAP.to_string(), 0);
    let parts = question.split([GAP]).flat_map(|part| part.split("<img1>")).map(str::to_owned);
    parts.chain([SYSTEM.to_owned()]).filter(|part| part.len() > 1).collect()
}
