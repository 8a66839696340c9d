//! A tokenizer for a small world of words.

use std::cmp::Reverse;

use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::normalizer::SplitDelimiterBehavior;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{
    AddedToken, DecoderWrapper, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper,
    TokenizerBuilder,
};

use omnigen2_pipeline::text::question;
use omnigen2_pipeline::values::SYSTEM;

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

/// What the texts of a world are split into before pairs are merged, where they are not phrases: words with the space
/// before them, and runs of other characters.
const WORDS: &str = r" ?\w+| ?[^\s\w]+|\s+";

/// A byte-pair tokenizer of at most `size` tokens for these texts, as the JSON of `tokenizer.json`. The wordings that
/// stand in every prompt are one token each, and a phrase that is often in the texts becomes one.
///
/// # Errors
/// If the tokenizers library fails.
pub fn tokenizer(
    texts: impl Iterator<Item = String> + Send,
    phrases: &[&str],
    size: usize,
) -> tokenizers::Result<String> {
    let special = SPECIAL.map(|text| AddedToken::from(text, true));
    let level = || ByteLevel::new(false, false, false);
    let split = pieces(phrases)?;
    let mut tokenizer = TokenizerBuilder::<
        BPE,
        NormalizerWrapper,
        PreTokenizerWrapper,
        PostProcessorWrapper,
        DecoderWrapper,
    >::new()
    .with_model(BPE::default())
    .with_normalizer(None)
    .with_pre_tokenizer(Some(PreTokenizerWrapper::Sequence(Sequence::new(vec![
        PreTokenizerWrapper::Split(split),
        PreTokenizerWrapper::ByteLevel(level()),
    ]))))
    .with_post_processor(None)
    .with_decoder(Some(DecoderWrapper::ByteLevel(level())))
    .build()?;
    let wordings = wordings();
    let mut trainer = BpeTrainer::builder()
        .vocab_size(size.saturating_sub(wordings.len()))
        .special_tokens(special.to_vec())
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .show_progress(false)
        .build();
    tokenizer.train(&mut trainer, texts)?;
    let added: Vec<AddedToken> =
        wordings.iter().map(|text| AddedToken::from(text.as_str(), false).normalized(false)).collect();
    tokenizer.add_tokens(&added);
    tokenizer.to_string(true)
}

/// Texts as phrases, longest first, and words.
fn pieces(phrases: &[&str]) -> tokenizers::Result<Split> {
    let mut phrases = phrases.to_vec();
    phrases.sort_by_key(|phrase| Reverse(phrase.len()));
    let pattern = phrases.into_iter().map(whole).chain([WORDS.to_owned()]).collect::<Vec<_>>().join("|");
    Split::new(SplitPattern::Regex(pattern), SplitDelimiterBehavior::Isolated, false)
}

/// The pattern of a phrase that no word goes on.
fn whole(phrase: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || c == ' ';
    let escaped = phrase.chars().flat_map(|c| (!is_plain(c)).then_some('\\').into_iter().chain([c]));
    let end = if phrase.ends_with(char::is_alphanumeric) { r"\b" } else { "" };
    escaped.chain(end.chars()).collect()
}

/// How turns begin, with the system's words, and what stands between the gaps of a question to the critic.
fn wordings() -> Vec<String> {
    let question = question(&GAP.to_string(), 0);
    let parts = question.split([GAP]).flat_map(|part| part.split("<img1>")).map(str::to_owned);
    let turns = [format!("system\n{SYSTEM}"), "user\n".into(), "assistant\n".into()];
    parts.chain(turns).filter(|part| part.len() > 1).collect()
}
