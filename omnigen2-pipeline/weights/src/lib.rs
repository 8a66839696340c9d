#![doc = include_str!("../README.md")]

mod archive;
mod bands;
mod coded;
mod container;
mod convert;
mod device;
mod element;
mod entry;
mod error;
mod gguf_file;
mod load;
mod locate;
mod naming;
mod packing;
mod report;
mod rest;
mod safetensors_file;
mod storage;
mod summary;
mod walk;

pub use archive::Archive;
pub use bands::Bands;
pub use container::{Container, StoredTensor};
pub use device::is_cpu;
pub use element::Element;
pub use entry::Entry;
pub use error::WeightsError;
pub use locate::{Index, Located, locate};
pub use naming::Naming;
pub use omnigen2_files::{Data, MappedFile};
pub use packing::LARGE;
pub use report::{LoadReport, Mismatch};
pub use rest::Rest;
pub use storage::{Storage, UnknownStorage};
pub use summary::Summary;
pub use walk::{Parameter, ParameterMapper, ParameterVisitor, inventory, map, visit};
