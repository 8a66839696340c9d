use std::fmt;
use std::fs::{File, FileType};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// The kind of what stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A file of bytes.
    File,
    /// A folder.
    Folder,
    /// A FIFO, whose reader waits for a writer.
    Pipe,
    /// A socket.
    Socket,
    /// A device, of which some never end.
    Device,
    /// Something else.
    Other,
}

/// The reason why what stands at a path is not read; the inner error of an [`io::Error`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotReadable {
    /// Something else than a file.
    #[error("it is {found}; expected a file")]
    Kind {
        /// The kind of what is there.
        found: Kind,
    },
    /// A file larger than any of its purpose.
    #[error("it has {found} bytes, and {limit} at most are read; is it the right file?")]
    TooLarge {
        /// The bytes of the file, or those that were read before it was given up.
        found: u64,
        /// The most that are read.
        limit: u64,
    },
}

/// Opens a regular file for reading. What is none, such as a named pipe, is refused without waiting for it.
///
/// # Errors
/// If there is no such file, or it cannot be opened; with [`NotReadable`] as the inner error, if it is of another kind.
pub fn open_regular(path: &Path) -> io::Result<File> {
    // To open a named pipe is to wait for its writer, so the kind is asked first.
    check(path.metadata()?.file_type())?;
    let file = File::open(path)?;
    check(file.metadata()?.file_type())?;
    Ok(file)
}

/// Reads a whole regular file of no more than so many bytes.
///
/// # Errors
/// As [`open_regular`], and if it is larger.
pub fn read_bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = open_regular(path)?;
    let too_large = |found| Err(NotReadable::TooLarge { found, limit }.into());
    let length = file.metadata()?.len();
    if length > limit {
        return too_large(length);
    }
    let mut bytes = Vec::with_capacity(length as usize);
    // A file of /proc has no length, and any file may grow.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    let found = bytes.len() as u64;
    if found > limit { too_large(found) } else { Ok(bytes) }
}

/// Reads a whole regular file of text in UTF-8 of no more than so many bytes.
///
/// # Errors
/// As [`read_bounded`], and if it is no such text.
pub fn read_text_bounded(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read_bounded(path, limit)?)
        .map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

fn check(found: FileType) -> io::Result<()> {
    match Kind::from(found) {
        Kind::File => Ok(()),
        found => Err(NotReadable::Kind { found }.into()),
    }
}

impl From<NotReadable> for io::Error {
    fn from(error: NotReadable) -> Self {
        let kind = match error {
            NotReadable::Kind { .. } => ErrorKind::InvalidInput,
            NotReadable::TooLarge { .. } => ErrorKind::FileTooLarge,
        };
        Self::new(kind, error)
    }
}

impl From<FileType> for Kind {
    fn from(found: FileType) -> Self {
        if found.is_file() {
            Self::File
        } else if found.is_dir() {
            Self::Folder
        } else {
            Self::special(found)
        }
    }
}

impl Kind {
    #[cfg(unix)]
    fn special(found: FileType) -> Self {
        use std::os::unix::fs::FileTypeExt;
        if found.is_fifo() {
            Self::Pipe
        } else if found.is_socket() {
            Self::Socket
        } else if found.is_char_device() || found.is_block_device() {
            Self::Device
        } else {
            Self::Other
        }
    }

    #[cfg(not(unix))]
    fn special(_: FileType) -> Self {
        Self::Other
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Pipe => "a named pipe",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Other => "something else than a file",
        })
    }
}
