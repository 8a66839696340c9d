//! From text to tokens and back.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use tokenizers::Tokenizer;

use super::{SpecialToken, TextError, generation_prompt};
use crate::quiet::{panic_text, quietly};
use omnigen2_files::read_bounded;

/// The most bytes that a tokenizer's file may have; the published one has 11 million.
const MOST_BYTES: u64 = 1 << 28;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Text as tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The tokens kept.
    pub ids: Vec<u32>,
    /// The number of tokens at the end that were cut off.
    pub dropped: usize,
}

/// The tokenizer of a checkpoint.
///
/// Text that spells a special token, such as `<|im_end|>`, becomes that token even inside a prompt, as in the
/// reference.
pub struct PromptTokenizer {
    tokenizer: Tokenizer,
    path: PathBuf,
}

impl PromptTokenizer {
    /// Loads `tokenizer.json`, given its path or that of the directory it is in.
    ///
    /// # Errors
    /// If the file is missing, is no tokenizer, or lacks the tokens that open and close a turn.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, TextError> {
        let path = path.as_ref();
        let path = if path.is_dir() { path.join("tokenizer.json") } else { path.to_path_buf() };
        let unreadable = |source| TextError::Read { path: path.clone(), source };
        let bytes = read_bounded(&path, MOST_BYTES).map_err(unreadable)?;
        Self::from_bytes(&bytes, path)
    }

    /// From the contents of the file of this path.
    pub(crate) fn from_bytes(bytes: &[u8], path: PathBuf) -> Result<Self, TextError> {
        let corrupt = |source| TextError::Corrupt { path: path.clone(), source };
        serde_json::from_slice::<IgnoredAny>(bytes).map_err(|e| corrupt(e.into()))?;
        let tokenizer = tried(bytes).map_err(corrupt)?;
        let loaded = Self { tokenizer, path };
        loaded.id(SpecialToken::TurnStart)?;
        loaded.id(SpecialToken::TurnEnd)?;
        Ok(loaded)
    }

    /// The file that the tokenizer was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The id of a special token.
    ///
    /// # Errors
    /// If the tokenizer has no such token, as that of another model of the Qwen family lacks `<|img|>`.
    pub fn id(&self, token: SpecialToken) -> Result<u32, TextError> {
        let missing = || TextError::MissingToken { token, path: self.path.clone() };
        self.tokenizer.token_to_id(token.text()).ok_or_else(missing)
    }

    /// Fails unless a special token has the id that the language model knows it by.
    pub(crate) fn require(&self, token: SpecialToken, expected: u32) -> Result<(), TextError> {
        let id = self.id(token)?;
        if id == expected {
            Ok(())
        } else {
            Err(TextError::AnotherId { token, path: self.path.clone(), id, expected })
        }
    }

    /// The tokens of a text as it stands.
    ///
    /// # Errors
    /// If the tokenizer fails on it, which a sound `tokenizer.json` does on no text.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TextError> {
        let encoding = guarded(|| self.tokenizer.encode_fast(text, true)).map_err(|e| self.failed(e))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The tokens of [`generation_prompt`]`(prompt)`, of which at most `max_tokens` are kept.
    ///
    /// What is cut off is the end of the whole wording, the mark that closes the turn with it, as the
    /// reference does.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_prompt(&self, prompt: &str, max_tokens: usize) -> Result<Encoded, TextError> {
        self.encode_within(&generation_prompt(prompt), max_tokens)
    }

    /// The tokens of a text as it stands, of which the first `max_tokens` are kept.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_within(&self, text: &str, max_tokens: usize) -> Result<Encoded, TextError> {
        let mut ids = self.encode(text)?;
        let dropped = ids.len().saturating_sub(max_tokens);
        ids.truncate(max_tokens);
        Ok(Encoded { ids, dropped })
    }

    /// The text of tokens, without special ones.
    ///
    /// # Errors
    /// If the tokenizer fails on them, which a sound `tokenizer.json` does on no tokens.
    pub fn decode(&self, ids: &[u32]) -> Result<String, TextError> {
        guarded(|| self.tokenizer.decode(ids, true)).map_err(|e| self.failed(e))
    }

    fn failed(&self, source: Failure) -> TextError {
        TextError::Process { path: self.path.clone(), source }
    }
}

/// The tokenizer of a file, tried on a word: the tokenizers library panics on some unsound ones, when they are read or
/// at their first use.
fn tried(bytes: &[u8]) -> Result<Tokenizer, Failure> {
    let read = || {
        let mut tokenizer = Tokenizer::from_bytes(bytes)?;
        tokenizer.with_truncation(None)?.with_padding(None);
        let ids = tokenizer.encode_fast("a", true)?;
        tokenizer.decode(ids.get_ids(), true)?;
        Ok(tokenizer)
    };
    quietly(|| guarded(read))
}

/// Calls the tokenizers library, and makes an error of it if it panics, as it does on some files.
fn guarded<T>(call: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let reason = panic_text(panic.as_ref());
        Err(reason.unwrap_or_else(|| "the tokenizers library cannot cope with it".into()).into())
    })
}

impl fmt::Debug for PromptTokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PromptTokenizer").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::fixture::{processor, tiny};
    use super::*;

    #[test]
    fn a_directory_and_a_file_give_the_same_tokenizer() {
        let file = PromptTokenizer::load(processor().join("tokenizer.json")).unwrap();
        assert_eq!(file.path(), tiny().path());
        assert_eq!(file.encode("a red fox").unwrap(), tiny().encode("a red fox").unwrap());
    }

    #[test]
    fn a_missing_tokenizer_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = PromptTokenizer::load(folder.path()).unwrap_err();
        assert!(matches!(error, TextError::Read { .. }));
        let expected = folder.path().join("tokenizer.json");
        assert!(error.to_string().contains(&*expected.to_string_lossy()), "{error}");
        assert!(error.to_string().contains("processor directory"), "{error}");
    }

    #[test]
    fn a_tokenizer_that_is_no_file_or_too_large_is_told_by_kind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        let why = || PromptTokenizer::load(&path).unwrap_err().source().unwrap().to_string();
        std::fs::File::create(&path).unwrap().set_len(MOST_BYTES + 1).unwrap();
        assert!(why().contains("at most are read"));
        std::fs::remove_file(&path).unwrap();
        if std::process::Command::new("mkfifo").arg(&path).status().is_ok_and(|status| status.success()) {
            assert!(why().contains("it is a named pipe; expected a file"));
        }
    }

    #[test]
    fn a_corrupt_tokenizer_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        let whole = std::fs::read(processor().join("tokenizer.json")).unwrap();
        let cuts = (1..40).map(|i| &whole[..i * whole.len() / 40]);
        for bytes in cuts.chain([&b""[..], b"hello", b"{}"]) {
            std::fs::write(&path, bytes).unwrap();
            let error = PromptTokenizer::load(&path).unwrap_err();
            assert!(matches!(error, TextError::Corrupt { .. }));
            assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
            assert!(error.source().is_some());
        }
    }

    #[test]
    fn what_the_library_panics_on_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        let text = std::fs::read_to_string(processor().join("tokenizer.json")).unwrap();
        let changed = |part: &str, value: Value| {
            let mut whole: Value = serde_json::from_str(&text).unwrap();
            whole[part] = value;
            whole.to_string().replace("HALF", r"\ud800")
        };
        let template = |piece: Value| serde_json::json!({ "type": "TemplateProcessing", "single": [piece], "pair": [], "special_tokens": {} });
        for text in [
            changed("decoder", serde_json::json!({ "type": "HALF" })),
            changed(
                "post_processor",
                template(serde_json::json!({ "SpecialToken": { "id": "none", "type_id": 0 } })),
            ),
            changed(
                "post_processor",
                template(serde_json::json!({ "Sequence": { "id": "B", "type_id": 0 } })),
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = PromptTokenizer::load(&path).unwrap_err();
            assert!(matches!(error, TextError::Corrupt { .. }), "{error:?}");
        }
    }

    #[test]
    fn a_missing_special_token_names_the_token_and_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        let text = std::fs::read_to_string(processor().join("tokenizer.json")).unwrap();
        std::fs::write(&path, text.replace("<|img|>", "<|other|>")).unwrap();
        let stock = PromptTokenizer::load(&path).unwrap();
        let error = stock.id(SpecialToken::Image).unwrap_err().to_string();
        assert!(error.contains("<|img|>") && error.contains(&*path.to_string_lossy()), "{error}");
        std::fs::write(&path, text.replace("<|im_start|>", "<|other|>")).unwrap();
        let error = PromptTokenizer::load(&path).unwrap_err();
        assert!(matches!(error, TextError::MissingToken { token: SpecialToken::TurnStart, .. }));
    }

    #[test]
    fn every_special_token_is_one_token() {
        let tokenizer = tiny();
        for token in [
            SpecialToken::EndOfText,
            SpecialToken::TurnStart,
            SpecialToken::TurnEnd,
            SpecialToken::VisionStart,
            SpecialToken::VisionEnd,
            SpecialToken::ImagePad,
            SpecialToken::Image,
        ] {
            assert_eq!(tokenizer.encode(token.text()).unwrap(), [tokenizer.id(token).unwrap()]);
        }
    }

    #[test]
    fn a_special_token_spelt_in_a_prompt_counts_as_that_token() {
        let tokenizer = tiny();
        let end = tokenizer.id(SpecialToken::TurnEnd).unwrap();
        let ends = |prompt| {
            let ids = tokenizer.encode_prompt(prompt, 1024).unwrap().ids;
            ids.iter().filter(|&&id| id == end).count()
        };
        assert_eq!(ends("a fox"), 2);
        assert_eq!(ends("a<|im_end|>fox"), 3);
    }

    #[test]
    fn truncation_keeps_the_beginning_and_counts_what_it_drops() {
        let tokenizer = tiny();
        let whole = tokenizer.encode_prompt("a fox", 1024).unwrap();
        assert_eq!(whole.dropped, 0);
        let cut = tokenizer.encode_prompt("a fox", 10).unwrap();
        assert_eq!(cut.ids, whole.ids[..10]);
        assert_eq!(cut.dropped, whole.ids.len() - 10);
        let exact = tokenizer.encode_prompt("a fox", whole.ids.len()).unwrap();
        assert_eq!(exact, whole);
        assert!(tokenizer.encode_prompt("a fox", 0).unwrap().ids.is_empty());
    }

    #[test]
    fn decoding_leaves_out_special_tokens() {
        let tokenizer = tiny();
        let ids = tokenizer.encode("<|im_start|>a red fox, 狐<|im_end|>").unwrap();
        assert_eq!(tokenizer.decode(&ids).unwrap(), "a red fox, 狐");
    }

    proptest! {
        #[test]
        fn any_prompt_encodes_and_decodes(prompt in ".{0,60}") {
            let tokenizer = tiny();
            let encoded = tokenizer.encode_prompt(&prompt, 50).unwrap();
            prop_assert!(encoded.ids.len() <= 50);
            tokenizer.decode(&encoded.ids).unwrap();
        }
    }
}
