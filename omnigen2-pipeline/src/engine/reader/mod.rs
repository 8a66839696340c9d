//! The tokenizer, the vision tower and the language model: as a text encoder, and as what one talks to.

mod encoder;
mod eyes;
mod language;
mod session;
mod sessions;
mod speech;
mod talker;

pub use self::encoder::Reader;
pub use self::eyes::Eyes;
pub(crate) use self::language::Language;
pub use self::talker::Talker;
