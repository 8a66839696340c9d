//! How prompts are worded for the language model.

use super::{SpecialToken, TextError};
use crate::values::SYSTEM;

/// The opening of the model's turn, which it is to fill.
pub(crate) const REPLY: &str = "<|im_start|>assistant\n";

/// The wording of an instruction to draw: the system's turn and the user's, and no assistant's.
///
/// ```
/// use omnigen2_pipeline::text::generation_prompt;
///
/// assert!(generation_prompt("a fox").ends_with("<|im_start|>user\na fox<|im_end|>\n"));
/// ```
pub fn generation_prompt(prompt: &str) -> String {
    turn("system", SYSTEM) + &turn("user", prompt)
}

/// A turn of a conversation.
pub(crate) fn turn(role: &str, text: &str) -> String {
    format!("<|im_start|>{role}\n{text}<|im_end|>\n")
}

/// The wording of a question about `images` images, up to where the assistant's reply begins.
///
/// Each image has one place, `<|image_pad|>`, which [`expand_image_pads`] widens to its tokens.
///
/// ```
/// use omnigen2_pipeline::text::chat_prompt;
///
/// let text = chat_prompt("What is this?", 1);
/// assert!(text.contains("<img1>: <|vision_start|><|image_pad|><|vision_end|>What is this?<|im_end|>"));
/// assert!(text.ends_with("<|im_start|>assistant\n"));
/// ```
pub fn chat_prompt(prompt: &str, images: usize) -> String {
    let images: String = (1..=images).map(numbered_image).collect();
    generation_prompt(&(images + prompt)) + REPLY
}

/// The tokens by which a prompt shows an image.
pub(crate) fn numbered_image(number: usize) -> String {
    format!("<img{number}>: <|vision_start|><|image_pad|><|vision_end|>")
}

/// Repeats the i-th `<|image_pad|>` of a text `tokens[i]` times, once for each merged token of that image.
///
/// ```
/// use omnigen2_pipeline::text::expand_image_pads;
///
/// assert_eq!(expand_image_pads("a <|image_pad|> b", &[2])?, "a <|image_pad|><|image_pad|> b");
/// # Ok::<(), omnigen2_pipeline::text::TextError>(())
/// ```
///
/// # Errors
/// If the text has not as many places as there are images, as when a prompt spells the token.
pub fn expand_image_pads(text: &str, tokens: &[usize]) -> Result<String, TextError> {
    let pad = SpecialToken::ImagePad.text();
    let places = text.matches(pad).count();
    if places != tokens.len() {
        return Err(TextError::ImageCount { places, images: tokens.len() });
    }
    let mut parts = text.split(pad);
    let mut expanded = parts.next().unwrap_or_default().to_string();
    for (part, &count) in parts.zip(tokens) {
        expanded += &pad.repeat(count);
        expanded += part;
    }
    Ok(expanded)
}

/// Checks that every `<imgN>` of a user's text is one of the images shown by then, which count from 1.
///
/// # Errors
/// If one is not; the first such is named.
pub(crate) fn check_mentions(text: &str, images: usize) -> Result<(), TextError> {
    let mentions = text.split("<img").skip(1).filter_map(|rest| rest.split_once('>'));
    let numbers = mentions.map(|(number, _)| number).filter(|number| is_number(number));
    match numbers.map(saturating).find(|&number| number == 0 || number > images) {
        Some(mentioned) => Err(TextError::UnknownImage { mentioned, images }),
        None => Ok(()),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn saturating(digits: &str) -> usize {
    digits.parse().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_for_images_are_expanded_in_order() {
        let text = expand_image_pads(&chat_prompt("which?", 2), &[1, 3]).unwrap();
        assert!(text.contains("<img1>: <|vision_start|><|image_pad|><|vision_end|><img2>"), "{text}");
        assert_eq!(text.matches("<|image_pad|>").count(), 4);
    }

    #[test]
    fn a_prompt_that_spells_a_place_for_an_image_is_refused() {
        let error = expand_image_pads(&chat_prompt("<|image_pad|>", 1), &[4]).unwrap_err();
        assert!(matches!(error, TextError::ImageCount { places: 2, images: 1 }));
        assert!(error.to_string().contains("2 places"), "{error}");
    }

    fn unknown(text: &str, images: usize) -> Option<usize> {
        match check_mentions(text, images) {
            Ok(()) => None,
            Err(TextError::UnknownImage { mentioned, .. }) => Some(mentioned),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn an_image_may_be_mentioned_once_it_is_shown() {
        assert_eq!(unknown("put the fox of <img2> into <img1>", 2), None);
        assert_eq!(unknown("put the fox of <img2> into <img1>", 1), Some(2));
        assert_eq!(unknown("like <img1>", 0), Some(1));
        assert_eq!(unknown("like <img0>", 3), Some(0));
        assert_eq!(unknown("<img1><img007><img9>", 6), Some(7));
    }

    #[test]
    fn what_only_resembles_a_mention_is_text() {
        for text in
            ["", "<img>", "<img9", "<img 9>", "<img-9>", "<img+9>", "<img٩>", "img9>", "<image9>", "<IMG9>"]
        {
            assert_eq!(unknown(text, 0), None, "{text}");
        }
        assert_eq!(unknown("<img<img9>", 0), Some(9));
    }

    #[test]
    fn a_mention_beyond_any_number_is_unknown() {
        let digits = "9".repeat(10_000);
        assert_eq!(unknown(&format!("<img{digits}>"), 2), Some(usize::MAX));
        assert_eq!(unknown(&format!("<img{}2>", "0".repeat(10_000)), 2), None);
    }

    #[test]
    fn an_unknown_image_is_named_with_those_shown() {
        let message = |images| check_mentions("<img3>", images).unwrap_err().to_string();
        assert!(message(0).contains("<img3>, but no picture is shown by then; show that"), "{}", message(0));
        assert!(message(1).contains("only <img1> is shown"), "{}", message(1));
        assert!(message(2).contains("only <img1> to <img2> are shown"), "{}", message(2));
    }

    proptest! {
        #[test]
        fn mentions_are_found_in_any_text(before in "[^<]{0,20}", after in ".{0,20}", number in 0_usize..9) {
            let known = (1..=4).contains(&number);
            let found = unknown(&format!("{before}<img{number}>{after}"), 4);
            prop_assert!(known || found == Some(number));
        }
    }
}
