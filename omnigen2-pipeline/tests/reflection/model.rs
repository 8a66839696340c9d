//! The chat model as a critic: the checkpoint's own, and one that answers from a script.

use burn::prelude::*;
use omnigen2_pipeline::Critique;
use omnigen2_pipeline::parts::{Allowance, ChatModel, Ending, Speech};
use omnigen2_pipeline::{
    Conversation, Error, ImageRequest, Memory, ReplySettings, Result, Role, Round, Sampling,
};

use crate::{Told, builder, picture, request, rounds};

#[test]
fn the_model_criticises_where_no_critic_is_given() {
    for memory in [Memory::Resident, Memory::Staged] {
        let mut omnigen2 = builder().memory(memory).build().unwrap();
        for request in [request(), request().reference(picture(48)), request().count(2)] {
            let found = rounds(&mut omnigen2, request.clone(), 2);
            let critique = &found[0].critique;
            assert!(!critique.text.is_empty());
            assert_eq!(*critique, Critique::parse(&critique.text, &request.prompt));
        }
    }
}

/// Answers from a script and tells what it was asked.
struct Actor {
    answers: Vec<&'static str>,
    asked: Told<Asked>,
}

struct Asked {
    conversation: Conversation,
    settings: ReplySettings,
}

struct Line(std::vec::IntoIter<String>);

impl ChatModel for Actor {
    fn reply<'m>(
        &'m mut self,
        conversation: &Conversation,
        settings: &ReplySettings,
        _: Allowance,
    ) -> Result<Box<dyn Speech + 'm>> {
        let asked = Asked { conversation: conversation.clone(), settings: settings.clone() };
        self.asked.lock().unwrap().push(asked);
        let pieces: Vec<_> = self.answers.remove(0).chars().map(String::from).collect();
        Ok(Box::new(Line(pieces.into_iter())))
    }

    fn features(&mut self, _: &Conversation, _: Allowance) -> Result<Tensor<3>> {
        Err(Error::part("an actor has no features"))
    }
}

impl Iterator for Line {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Result<String>> {
        let piece = self.0.next()?;
        Some(if piece == "\0" { Err(Error::part("lost the thread")) } else { Ok(piece) })
    }
}

impl Speech for Line {
    fn end(self: Box<Self>) -> Result<Ending> {
        Ok(Ending::Text)
    }
}

fn acted(answers: &[&'static str], request: ImageRequest) -> (Vec<Result<Round>>, Told<Asked>) {
    let asked = Told::default();
    let actor = Actor { answers: answers.to_vec(), asked: asked.clone() };
    let mut omnigen2 = builder().chat_model(actor).build().unwrap();
    (omnigen2.reflect(request, 4).unwrap().collect(), asked)
}

#[test]
fn the_verdict_of_a_chat_model_is_acted_upon() {
    let answers = [
        "UNMET: fox\nEDIT: add a fox",
        "Well.\n**UNMET:** red\nEDIT: Paint it red!",
        "UNMET: none\nEDIT: none",
    ];
    let (found, asked) = acted(&answers, request());
    let found: Vec<_> = found.into_iter().map(Result::unwrap).collect();
    let unmet: Vec<_> = found.iter().map(|round| round.critique.unmet.concat()).collect();
    let texts: Vec<_> = found.iter().map(|round| round.critique.text.as_str()).collect();
    let prompts: Vec<_> = found.iter().map(|round| round.request.prompt.as_str()).collect();
    assert_eq!(unmet, ["fox", "red", ""]);
    assert_eq!(texts, answers);
    assert_eq!(prompts, ["a red fox", "add a fox", "Paint it red!"]);
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[test]
fn a_chat_model_is_shown_the_references_and_then_the_picture_and_may_not_draw() {
    let references = [picture(32), picture(48)];
    let request = references.iter().cloned().fold(request(), ImageRequest::reference);
    let (found, asked) = acted(&["UNMET: fox\nEDIT: add a fox", "UNMET: none"], request);
    let (found, asked) = (found.into_iter().map(Result::unwrap), asked.lock().unwrap());
    assert_eq!(asked.len(), 2);
    for (round, Asked { conversation, settings }) in found.zip(asked.iter()) {
        let shown = references.iter().chain([&round.picture]);
        assert!(conversation.pictures().eq(shown));
        let [message] = conversation.messages.as_slice() else { panic!("more than one message") };
        assert_eq!(message.role, Role::User);
        assert!(message.text().contains("<img3> is the result of this instruction: \"a red fox\""));
        assert!(!settings.may_draw);
        assert_eq!(settings.sampling, Some(Sampling::greedy()));
    }
}

#[test]
fn chatter_that_names_nothing_of_the_instruction_is_satisfied() {
    for answer in ["", "A fine picture.", "UNMET: better lighting\nEDIT: add light", "EDIT: add a fox"] {
        let (found, _) = acted(&[answer], request());
        assert_eq!(found.len(), 1, "{answer}");
        assert!(found[0].as_ref().unwrap().critique.satisfied());
    }
}

#[test]
fn a_chat_model_that_fails_in_the_middle_ends_it() {
    let (found, _) = acted(&["UNMET: f\0ox\nEDIT: add a fox"], request());
    assert!(matches!(found.as_slice(), [Err(Error::Part(_))]));
}
