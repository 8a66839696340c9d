//! A reply's tokens as text, while they arrive.

use super::{PromptTokenizer, TextError};

/// A character has at most four bytes and a token at least one: what an unfinished one has so far is in the last
/// three tokens.
const UNFINISHED: usize = 3;

/// Gives the text of tokens one by one, each character as soon as its last token arrives.
///
/// All pieces together are what [`PromptTokenizer::decode`] gives for all tokens at once, except that half a
/// character at the very end is left out. Bytes that cannot belong to a character appear as U+FFFD once the next
/// token shows it. The work for a token does not grow with the number of tokens before it.
#[derive(Clone, Debug, Default)]
pub struct TextStream {
    ids: Vec<u32>,
    given: usize,
}

impl TextStream {
    /// A stream at the beginning of a reply.
    pub fn new() -> Self {
        Self::default()
    }

    /// The text that is complete with this token and not yet given: none for special tokens.
    ///
    /// # Errors
    /// As [`PromptTokenizer::decode`].
    pub fn push(&mut self, tokenizer: &PromptTokenizer, id: u32) -> Result<String, TextError> {
        if tokenizer.decode(&[id])?.is_empty() {
            return Ok(String::new());
        }
        self.ids.push(id);
        let text = tokenizer.decode(&self.ids)?;
        let whole = complete(&text);
        let piece = whole.get(self.given..).unwrap_or_default().to_string();
        let kept = if whole.len() < text.len() { UNFINISHED } else { 0 };
        self.ids.drain(..self.ids.len().saturating_sub(kept));
        self.given = complete(&tokenizer.decode(&self.ids)?).len();
        Ok(piece)
    }

    /// Returns the rest: U+FFFD if the last tokens spell that very character, else nothing, as half a character is no
    /// text.
    ///
    /// # Errors
    /// As [`PromptTokenizer::encode`] and [`PromptTokenizer::decode`].
    pub fn finish(self, tokenizer: &PromptTokenizer) -> Result<String, TextError> {
        for start in 0..self.ids.len() {
            let ids = &self.ids[start..];
            if tokenizer.encode(&tokenizer.decode(ids)?)? == ids {
                return Ok(char::REPLACEMENT_CHARACTER.to_string());
            }
        }
        Ok(String::new())
    }
}

fn complete(text: &str) -> &str {
    text.strip_suffix(char::REPLACEMENT_CHARACTER).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixture::tiny;
    use super::*;

    fn pieces(ids: &[u32]) -> Vec<String> {
        let mut stream = TextStream::new();
        let mut pieces: Vec<_> = ids.iter().map(|&id| stream.push(tiny(), id).unwrap()).collect();
        pieces.push(stream.finish(tiny()).unwrap());
        pieces
    }

    fn first_byte_of_a_fox() -> u32 {
        let ids = tiny().encode("狐").unwrap();
        assert_eq!(tiny().decode(&ids[..1]).unwrap(), "\u{FFFD}");
        ids[0]
    }

    #[test]
    fn characters_come_whole() {
        for text in ["狐", "a狐b狐", "👩‍👩‍👧 fox", "x\u{304}q\u{32f}\u{304}", "ééé", "𝄞"]
        {
            let ids = tiny().encode(text).unwrap();
            let pieces = pieces(&ids);
            assert!(pieces.iter().any(String::is_empty), "{text} is not split");
            assert_eq!(pieces.concat(), text);
        }
    }

    #[test]
    fn a_character_comes_with_its_last_token() {
        let ids = tiny().encode("a狐").unwrap();
        let pieces = pieces(&ids);
        assert_eq!(pieces[0], "a");
        assert_eq!(pieces[ids.len() - 1], "狐");
        assert_eq!(pieces[ids.len()], "");
    }

    #[test]
    fn half_a_character_at_the_end_is_left_out() {
        let ids = tiny().encode("a red 狐").unwrap();
        assert_eq!(pieces(&ids[..ids.len() - 1]).concat(), "a red ");
    }

    #[test]
    fn bytes_of_no_character_do_not_hold_back_what_follows() {
        let mut ids = vec![first_byte_of_a_fox(); 50];
        ids.extend(tiny().encode("abc").unwrap());
        let whole = tiny().decode(&ids).unwrap();
        assert_eq!(whole, "\u{FFFD}".repeat(50) + "abc");
        assert_eq!(pieces(&ids).concat(), whole);
    }

    #[test]
    fn bytes_of_no_character_do_not_pile_up() {
        let id = first_byte_of_a_fox();
        let mut stream = TextStream::new();
        for _ in 0..1000 {
            stream.push(tiny(), id).unwrap();
            assert!(stream.ids.len() <= UNFINISHED && stream.given <= UNFINISHED * 3);
        }
    }

    #[test]
    fn special_tokens_within_a_character_do_not_break_it() {
        let special = tiny().encode("<|im_end|>").unwrap()[0];
        let ids = tiny().encode("a狐b").unwrap();
        let ids: Vec<_> = ids.into_iter().flat_map(|id| [special, id, special, special, special]).collect();
        assert_eq!(pieces(&ids).concat(), "a狐b");
    }

    #[test]
    fn a_replacement_character_that_the_reply_spells_is_text() {
        for text in ["\u{FFFD}", "a fox\u{FFFD}", "\u{FFFD}\u{FFFD}", "狐 \u{FFFD}", "\u{FFFD}."] {
            let ids = tiny().encode(text).unwrap();
            assert_eq!(pieces(&ids).concat(), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_streams_as_it_decodes(text in any::<String>()) {
            let ids = tiny().encode(&text).unwrap();
            prop_assert_eq!(pieces(&ids).concat(), tiny().decode(&ids).unwrap());
        }

        #[test]
        fn any_tokens_stream_as_they_decode_at_every_step(ids in prop::collection::vec(0_u32..600, 0..40)) {
            let mut stream = TextStream::new();
            let mut streamed = String::new();
            for (i, &id) in ids.iter().enumerate() {
                streamed += &stream.push(tiny(), id).unwrap();
                let whole = tiny().decode(&ids[..=i]).unwrap();
                prop_assert_eq!(&streamed, complete(&whole));
            }
            let whole = tiny().decode(&ids).unwrap();
            streamed += &stream.finish(tiny()).unwrap();
            prop_assert!(streamed == whole || streamed == complete(&whole));
        }
    }
}
