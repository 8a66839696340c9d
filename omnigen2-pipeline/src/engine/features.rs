use std::collections::VecDeque;

use burn::prelude::*;

use crate::values::Conversation;

/// How many texts' features are kept.
const KEPT: usize = 8;

/// The features of what was read last; the negative prompt is nearly always among them.
#[derive(Debug, Default)]
pub(crate) struct FeatureCache {
    kept: VecDeque<Kept>,
}

#[derive(Debug)]
struct Kept {
    source: Source,
    features: Tensor<3>,
}

/// What features are of.
#[derive(Debug, PartialEq)]
enum Source {
    Prompt { text: String, max_tokens: usize },
    Conversation(Conversation),
}

impl FeatureCache {
    pub(super) fn prompt(&self, prompt: &str, max_tokens: usize) -> Option<Tensor<3>> {
        self.find(|source| match source {
            Source::Prompt { text, max_tokens: most } => text == prompt && *most == max_tokens,
            Source::Conversation(_) => false,
        })
    }

    pub(super) fn keep_prompt(&mut self, prompt: &str, max_tokens: usize, features: Tensor<3>) {
        self.keep(Source::Prompt { text: prompt.into(), max_tokens }, features);
    }

    pub(super) fn conversation(&self, conversation: &Conversation) -> Option<Tensor<3>> {
        self.find(|source| matches!(source, Source::Conversation(known) if known == conversation))
    }

    pub(crate) fn keep_conversation(&mut self, conversation: &Conversation, features: Tensor<3>) {
        self.keep(Source::Conversation(conversation.clone()), features);
    }

    fn find(&self, known: impl Fn(&Source) -> bool) -> Option<Tensor<3>> {
        self.kept.iter().find(|kept| known(&kept.source)).map(|kept| kept.features.clone())
    }

    fn keep(&mut self, source: Source, features: Tensor<3>) {
        self.kept.retain(|kept| kept.source != source);
        self.kept.truncate(KEPT - 1);
        self.kept.push_front(Kept { source, features });
    }
}
