//! Texts to train a tokenizer on.

use std::collections::BTreeSet;

use super::drawing::Task;
use super::examples::Examples;

/// How many examples the vocabulary is gathered from; every word turns up in far fewer.
const GATHERED: u64 = 1500;

/// Words that always stand together in the texts of this world, so that a tokenizer may take them for one.
pub const PHRASES: &[&str] = &[
    "a large",
    " a large",
    "a small",
    " a small",
    " to the left of",
    " to the right of",
    " left of",
    " right of",
    " on a",
    "On a",
    ", on a",
    ", which is",
    ", which is to the left of",
    ", which is to the right of",
    ", which is left of",
    ", which is right of",
    ", which is above",
    ", which is below",
    "A picture of",
    "The picture shows",
    ". The background is",
    ". The",
    " is to the left of",
    " is to the right of",
    "the object in image",
    " the object in image",
    "Change the background to",
    "Make the background",
    "Give the picture a",
    "Change the colour of the",
    "Change the size of the",
    "Change the",
    "Change the colour",
    " so that it is",
    "Make the",
    "Turn the",
    "Give the",
    "Replace the",
    " with a",
    " into a",
    " to a",
    "Remove the",
    "Delete the",
    "Take the",
    " away",
    "Swap the",
    " and the",
    "Exchange the places of the",
    "Let the",
    " change places",
    "Add a",
    "Put a",
    ", add a",
    " left of the",
    " right of the",
    " to the left of the",
    " to the right of the",
    " above the",
    " below the",
    "What colour is the",
    "What shape is the",
    "What is to the left of the",
    "What is to the right of the",
    "What is above the",
    "What is below the",
    "How many",
    "How many objects are there",
    " are there",
    "Is there a",
    "Is the",
    " plain, striped or two-tone",
    " large or small",
    " two-tone",
    "What does the picture show",
    "UNMET:",
    "EDIT:",
    "UNMET: none",
    "EDIT: none",
    " in the middle",
    " on the left",
    " on the right",
    " at the top",
    " at the bottom",
    "only a",
];

/// Prompts, questions, answers and critiques without end, as training has them. Pictures are not kept.
pub fn corpus(seed: u64) -> impl Iterator<Item = String> {
    let examples = Examples::training(seed);
    (0..).flat_map(move |index| {
        let talk = examples.talk(index);
        let description = examples.description(index);
        let review = examples.review(index);
        let prompts = Task::ALL.map(|task| examples.drawing(task, index).prompt);
        prompts.into_iter().chain([
            talk.question,
            talk.answer,
            description.question,
            description.answer,
            review.instruction,
            review.answer,
        ])
    })
}

/// All words of the texts, in lower case and in order. A hyphen is part of a word.
pub fn vocabulary() -> Vec<String> {
    let mut words = BTreeSet::new();
    let per_example = Task::ALL.len() + 6;
    for text in corpus(0).take(GATHERED as usize * per_example) {
        let parts = text.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|word| !word.is_empty());
        words.extend(parts.map(str::to_lowercase));
    }
    words.into_iter().collect()
}
