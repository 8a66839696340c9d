//! What can be asked for and what comes of it, as plain values: no tensor, no device, no file.

pub mod conversation;
pub mod critique;
pub mod preset;
pub mod request;

mod memory;
pub(crate) mod names;
mod picture;
mod precision;
mod reply;
mod size;

pub use conversation::{Conversation, ConversationError, Message, Part, Role, SYSTEM};
pub use critique::Critique;
pub use memory::Memory;
pub use picture::{Picture, UnresolvedPicture};
pub use precision::Precision;
pub use preset::Preset;
pub use reply::{ReplySettings, Turn};
pub use request::{ImageRequest, RequestError};
pub use size::{ReferenceLimits, Size};
