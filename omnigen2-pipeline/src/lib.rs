#![doc = include_str!("../README.md")]

pub mod chat;
pub mod checkpoint;
pub mod conversation;
pub mod convert;
pub mod device;
#[cfg(feature = "hub")]
pub mod hub;
pub mod lora;
pub mod memory;
pub mod metadata;
pub mod noise;
pub mod parts;
pub mod pixels;
pub mod preset;
pub mod reader;
pub mod reflect;
pub mod slot;
pub mod text;
pub mod weights;
pub mod whole;

mod builder;
mod error;
mod generation;
mod lazy;
mod omnigen2;
mod precision;
mod reconstruct;
mod request;

pub use builder::Builder;
pub use chat::{Reply, ReplySettings, Turn};
pub use checkpoint::{Checkpoint, LooseFiles};
pub use conversation::{Conversation, ConversationError, Message, Part, Role};
pub use error::{Error, Result};
pub use generation::{Generation, Step};
pub use memory::Memory;
pub use omnigen2::OmniGen2;
pub use omnigen2_dit::{CachePolicy, Guidance, MAX_REFERENCES, Schedule, Solver, TimeShift};
pub use omnigen2_mllm::Sampling;
pub use omnigen2_vae::Tile;
pub use precision::Precision;
pub use preset::Preset;
pub use reflect::{Mend, Reflection, Round};
pub use request::{ImageRequest, RequestError};
