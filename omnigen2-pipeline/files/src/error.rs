use std::path::PathBuf;

use super::open::Kind;

/// The reason why a folder or file cannot be written whole, or not be used any more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// Another process writes there.
    #[error("{} is being written by {holder}; wait or stop it", path.display())]
    Busy {
        /// The folder or file.
        path: PathBuf,
        /// The process, as it named itself.
        holder: String,
    },
    /// The folder is there, and was not to be replaced.
    #[error("{} is there already; give another name or move it away", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The path is not that of a folder.
    #[error("{} is {found}; expected a folder, or a name that is free", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
        /// The kind of what is there.
        found: Kind,
    },
    /// The path has no last part that could name a folder.
    #[error("{} names no folder; give a name for it", path.display())]
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// A file has become shorter since it was opened.
    #[error(
        "{} has {found} bytes and had {expected} when it was opened: another program has cut it off; write it again and begin again",
        path.display()
    )]
    CutOff {
        /// The file.
        path: PathBuf,
        /// Bytes that it had.
        expected: u64,
        /// Bytes that it has.
        found: u64,
    },
    /// The system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// The attempt.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}
