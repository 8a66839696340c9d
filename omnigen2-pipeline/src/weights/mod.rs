//! Reads the weights of a checkpoint: one file or shards with an index, memory-mapped and, where device and
//! type allow, used in place. Files of another format are read through a [`Container`] of the caller's own.
//!
//! ```
//! use burn::prelude::*;
//! use omnigen2_pipeline::weights::{Archive, Naming, Storage};
//! use omnigen2_rope::ops::Linear;
//!
//! # let dir = tempfile::tempdir()?;
//! # let file = dir.path().join("linear.safetensors");
//! # let bytes = [0u8; 24];
//! # let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![2, 3], &bytes)?;
//! # safetensors::serialize_to_file([("weight", view)], None, &file)?;
//! let archive = Archive::open(&file)?;
//! assert_eq!(archive.summary().parameters, 6);
//!
//! let linear = Linear::new(3, 2, &Device::flex());
//! let linear = archive.load(linear, &Naming::of("linear"), Storage::AsStored)?;
//! assert_eq!(linear.weight.val().into_data().try_into_vec::<f32>().unwrap(), [0.0; 6]);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod archive;
mod container;
mod convert;
mod element;
mod entry;
mod error;
mod load;
mod locate;
mod naming;
mod report;
mod rest;
mod safetensors_file;
mod storage;
mod summary;
mod walk;

pub use archive::Archive;
pub use container::{Container, StoredTensor};
pub use element::Element;
pub use entry::Entry;
pub use error::WeightsError;
pub(crate) use locate::{Located, locate};
pub use naming::Naming;
pub use omnigen2_files::{Data, MappedFile};
pub use report::{LoadReport, Mismatch};
pub use rest::Rest;
pub use storage::Storage;
pub use summary::Summary;
pub use walk::{Parameter, ParameterMapper, ParameterVisitor, inventory, map, visit};
