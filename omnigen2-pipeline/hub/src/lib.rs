//! Checkpoints from the Hugging Face hub, kept in the cache that Python's `huggingface_hub` shares.
//!
//! [`Hub`] holds the settings, [`RepositoryId`] says what is wanted, and [`Pull`] is the download: an iterator which
//! the caller drives, one piece of a file at a time. Dropping it cancels; what has arrived stays behind as
//! `.incomplete`, and the next pull goes on from there.
//!
//! ```
//! use omnigen2_hub::{Hub, HubError, RepositoryId};
//!
//! let cache = tempfile::tempdir()?;
//! let hub = Hub { cache: cache.path().into(), offline: true, ..Hub::new() };
//! match hub.pull(&RepositoryId::default()) {
//!     Ok(mut pull) => {
//!         for progress in &mut pull {
//!             let progress = progress?;
//!             println!("{}: {} of {} bytes", progress.file, progress.received, progress.total);
//!         }
//!         println!("checkpoint in {}", pull.finish()?.display());
//!     }
//!     Err(HubError::NotCached { repository, .. }) => println!("{repository} is not in the cache yet"),
//!     Err(error) => return Err(error.into()),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cache;
mod error;
mod hash;
mod id;
mod layout;
mod pull;
mod remote;
mod repository;
mod settings;
mod transfer;

pub use error::HubError;
pub use id::RepositoryId;
pub use pull::{Progress, Pull};
pub use repository::looks_like_repository;
pub use settings::Hub;
