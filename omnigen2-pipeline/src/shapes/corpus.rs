//! Texts to train a tokenizer on.

use std::collections::BTreeSet;

use super::drawing::Task;
use super::examples::Examples;

/// How many examples the vocabulary is gathered from; every word turns up in far fewer.
const GATHERED: u64 = 1500;

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
