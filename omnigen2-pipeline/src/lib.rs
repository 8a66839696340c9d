#![doc = include_str!("../README.md")]

pub mod checkpoint;
pub mod convert;
pub mod device;
pub mod lora;
pub mod memory;
pub mod metadata;
pub mod networks;
pub mod noise;
pub mod parts;
pub mod pixels;
pub mod text;
pub mod values;
pub use omnigen2_weights as weights;

mod builder;
mod engine;
mod error;
mod omnigen2;
mod quiet;
mod tasks;

pub use builder::Builder;
pub use checkpoint::{Checkpoint, LooseFiles};
pub use engine::{Placement, reader, slot};
pub use error::{Error, NonFiniteCause, Result};
pub use omnigen2::OmniGen2;
pub use omnigen2_dit::{CachePolicy, Guidance, MAX_REFERENCES, ParseError, Schedule, Solver, TimeShift};
pub use omnigen2_files as files;
#[cfg(feature = "hub")]
pub use omnigen2_hub as hub;
pub use omnigen2_mllm::Sampling;
pub use omnigen2_vae::Tile;
pub use tasks::reflect::{self, Mend, Reflection, Round};
pub use tasks::{Generation, Reply, Step};
pub use values::{
    Conversation, ConversationError, Critique, ImageRequest, Memory, Message, Part, Picture, Precision,
    Preset, ReplySettings, RequestError, Role, Turn, UnresolvedPicture, conversation, preset,
};
