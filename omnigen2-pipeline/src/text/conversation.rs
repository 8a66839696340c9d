use super::wording::{REPLY, check_mentions, numbered_image, turn};
use super::{SpecialToken, TextError};
use crate::values::{Conversation, ConversationError, Message, Part, Role};

/// Words a conversation for the language model, up to where its reply begins. Each picture has one place,
/// `<|image_pad|>`, and is numbered through the conversation.
///
/// # Errors
/// If the conversation does not end with a user's message, or a message names a picture that was not shown by then.
pub fn conversation_prompt(conversation: &Conversation) -> Result<String, TextError> {
    if conversation.messages.last().is_none_or(|message| message.role != Role::User) {
        return Err(ConversationError::NothingAsked.into());
    }
    conversation.check_pictures().map_err(ConversationError::from)?;
    let mut worded = turn("system", &conversation.system);
    let mut shown = 0;
    for message in &conversation.messages {
        let text = message_text(message, &mut shown)?;
        worded += &turn(name(message.role), &text);
    }
    Ok(worded + REPLY)
}

fn message_text(message: &Message, shown: &mut usize) -> Result<String, TextError> {
    let by_then = *shown + message.pictures().count();
    let mut text = String::new();
    for part in &message.parts {
        match part {
            Part::Text(said) => {
                if message.role == Role::User {
                    check_mentions(said, by_then)?;
                }
                text += said;
            }
            Part::Picture(_) => {
                *shown += 1;
                text += before_picture(message.role);
                text += &numbered_image(*shown);
            }
        }
    }
    Ok(text)
}

fn name(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

/// The model's own pictures follow the token by which it asks to draw.
fn before_picture(role: Role) -> &'static str {
    match role {
        Role::User => "",
        Role::Assistant => SpecialToken::Image.text(),
    }
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::text::chat_prompt;

    fn picture(side: u32) -> RgbImage {
        RgbImage::new(side, side)
    }

    #[test]
    fn one_turn_is_worded_as_the_reference_does() {
        let message = Message::user("What differs?").picture(picture(28)).picture(picture(56));
        let worded = conversation_prompt(&Conversation::new().with(message)).unwrap();
        assert_eq!(worded, chat_prompt("What differs?", 2));
        assert_eq!(
            conversation_prompt(&Conversation::new().with(Message::user(""))).unwrap(),
            chat_prompt("", 0)
        );
    }

    #[test]
    fn pictures_are_numbered_through_turns_and_may_stand_anywhere() {
        let between = vec![Part::Text("a".into()), Part::Picture(picture(28).into()), Part::Text("b".into())];
        let conversation = Conversation::new()
            .with(Message { role: Role::User, parts: between.clone() })
            .with(Message { role: Role::Assistant, parts: between })
            .with(Message::user("and <img2>?"));
        let worded = conversation_prompt(&conversation).unwrap();
        let place = "<|vision_start|><|image_pad|><|vision_end|>";
        assert!(worded.contains(&format!("user\na<img1>: {place}b<|im_end|>")), "{worded}");
        assert!(worded.contains(&format!("assistant\na<|img|><img2>: {place}b<|im_end|>")), "{worded}");
        assert!(worded.ends_with("and <img2>?<|im_end|>\n<|im_start|>assistant\n"));
    }

    #[test]
    fn a_picture_that_was_not_shown_is_not_talked_about() {
        let conversation = Conversation::new().with(Message::user("What is <img2>?").picture(picture(28)));
        let error = conversation_prompt(&conversation).unwrap_err().to_string();
        assert!(error.contains("<img2>"), "{error}");
    }

    #[test]
    fn there_must_be_something_to_reply_to() {
        assert!(conversation_prompt(&Conversation::new()).is_err());
        assert!(conversation_prompt(&Conversation::new().with(Message::assistant("Hello."))).is_err());
    }
}
