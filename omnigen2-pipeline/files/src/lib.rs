//! Files and folders that are read with care and written whole: a file or folder has its name only once it is complete,
//! and what a killed program left behind is cleared when the next one begins.
//!
//! ```
//! use omnigen2_files::{self as files, Publication};
//!
//! # let folder = tempfile::tempdir()?;
//! let target = folder.path().join("checkpoint");
//! let publication = Publication::create(&target)?; // refused while another process writes it
//! files::replace(&publication.folder().join("config.json"), b"{}")?;
//! assert!(!target.exists());
//! publication.finish()?;
//!
//! assert_eq!(files::read_bounded(&target.join("config.json"), 1 << 20)?, b"{}");
//! assert!(files::read_bounded(&target, 1 << 20).is_err(), "a folder is no file");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod disk;
mod error;
#[doc(hidden)]
pub mod faults;
mod lock;
mod mapped;
mod medium;
mod open;
mod publication;
mod remains;
mod short;
mod whole;

pub use error::FilesError;
pub use lock::Lock;
pub use mapped::{Data, MappedFile, UsedFiles};
pub use medium::Medium;
pub use open::{Kind, NotReadable, open_regular, read_bounded, read_text_bounded};
pub use publication::Publication;
pub use remains::clear_remains;
pub use short::{Short, short};
pub use whole::{Draft, create, replace};
