#![doc = include_str!("../README.md")]

pub mod held_out;
pub mod judge;

mod appraise;
mod asked;
mod caption;
mod change;
mod corpus;
mod describe;
mod dice;
mod drawing;
mod edit;
mod examples;
mod measure;
mod mend;
mod model;
mod render;
mod review;
mod sample;
mod scene;
mod subject;
mod talk;
mod tasks;
mod vocabulary;
mod wish;
mod words;

pub use appraise::Appraisal;
pub use asked::{Asked, name};
pub use caption::{Form, MOST_WORDS, Style, TexturePlace};
pub use corpus::{PHRASES, corpus, vocabulary};
pub use drawing::{Drawing, Goal, Task, Verdict};
pub use edit::{CHANGED_WITHIN, Edit, UNCHANGED_WITHIN, WORDINGS};
pub use examples::{Examples, cases, novel_cases};
pub use held_out::Novelty;
pub use measure::{Attempt, Capability, request, usually};
pub use model::{checkpoint, model};
pub use review::{Botch, Review};
pub use scene::{Background, Colour, Extent, GAP, MARGIN, Object, Relation, SIDE, Scene, Shape, Texture};
pub use talk::Talk;
pub use vocabulary::tokenizer;
pub use wish::{Part, Place, Unmet, Wish};
pub use words::Paint;

#[cfg(test)]
mod tests;
