//! Prompts: how they are worded for the language model, how they become tokens, and how a reply's tokens become
//! text.

mod conversation;
mod error;
mod question;
mod special;
mod stop;
mod stream;
mod tokenizer;
mod wording;

pub use conversation::conversation_prompt;
pub use error::TextError;
pub use question::question;
pub use special::SpecialToken;
pub use stop::{Scanned, StopStrings};
pub use stream::TextStream;
pub use tokenizer::{Encoded, PromptTokenizer};
pub use wording::{chat_prompt, expand_image_pads, generation_prompt};

#[cfg(test)]
mod fixture {
    use std::path::{Path, PathBuf};
    use std::sync::LazyLock;

    use super::PromptTokenizer;

    pub(super) fn processor() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny-checkpoint/processor")
    }

    pub(super) fn tiny() -> &'static PromptTokenizer {
        static TINY: LazyLock<PromptTokenizer> =
            LazyLock::new(|| PromptTokenizer::load(processor()).unwrap());
        &TINY
    }
}
