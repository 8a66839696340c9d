use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use memmap2::{Mmap, MmapMut};

use super::error::FilesError;
use super::medium::Medium;
use super::open::open_regular;

/// A file whose bytes are used where they are in the system's cache, or copied where that is not safe.
///
/// If another program makes a mapped file shorter while it is used, the system ends this one with SIGBUS at the first
/// byte that is missing. Lengths are compared before data are handed out and before they are used again, so that this
/// happens only where a file is cut in the midst of a computation; what replaces a file under its name (as `mv`, `pull`
/// and `convert` do) harms nothing. On a network's file system, where other machines write too, data are copied.
#[derive(Clone, Debug)]
pub struct MappedFile {
    pages: Arc<Pages>,
    bytes: Bytes,
}

/// Bytes of a tensor: a part of a mapped file or of this program, or in memory.
#[derive(Clone, Debug)]
pub struct Data {
    bytes: Bytes,
    place: Option<Place>,
}

/// The place of data in a mapped file.
#[derive(Clone, Debug)]
struct Place {
    pages: Arc<Pages>,
    start: usize,
}

#[derive(Debug)]
struct Pages {
    map: Mmap,
    file: File,
    path: PathBuf,
    medium: Medium,
}

thread_local! {
    /// The files that were mapped on this thread since the outermost [`UsedFiles::of`] began.
    static MAPPED: RefCell<Vec<Weak<Pages>>> = const { RefCell::new(Vec::new()) };
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// The files that are used in place by what was loaded from them.
#[derive(Clone, Debug, Default)]
pub struct UsedFiles(Vec<Weak<Pages>>);

impl UsedFiles {
    /// Loads something on this thread, and tells which files were mapped for it.
    pub fn of<T>(load: impl FnOnce() -> T) -> (T, Self) {
        let start = MAPPED.with_borrow(Vec::len);
        DEPTH.set(DEPTH.get() + 1);
        let loaded = load();
        DEPTH.set(DEPTH.get() - 1);
        let used = MAPPED.with_borrow(|mapped| mapped[start..].to_vec());
        if DEPTH.get() == 0 {
            MAPPED.with_borrow_mut(Vec::clear);
        }
        (loaded, Self(used))
    }

    /// Counts them among what is mapped now, for what is loaded once and used by several.
    pub fn note(&self) {
        if DEPTH.get() > 0 {
            MAPPED.with_borrow_mut(|mapped| mapped.extend_from_slice(&self.0));
        }
    }

    /// Compares their lengths with what they were.
    ///
    /// # Errors
    /// [`FilesError::CutOff`], if one has become shorter: to use it would end the program.
    pub fn check(&self) -> Result<(), FilesError> {
        self.0.iter().filter_map(Weak::upgrade).try_for_each(|pages| pages.check())
    }
}

impl MappedFile {
    /// Maps a regular file.
    ///
    /// # Errors
    /// If it is none or cannot be opened.
    pub fn open(path: &Path) -> Result<Self, FilesError> {
        let file = open_regular(path).map_err(|source| unreadable(path, source))?;
        let medium = Medium::of(&file);
        Self::map(path, file, medium)
    }

    /// Maps a regular file as one of this medium.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(medium: Medium, path: &Path) -> Result<Self, FilesError> {
        let file = open_regular(path).map_err(|source| unreadable(path, source))?;
        Self::map(path, file, medium)
    }

    fn map(path: &Path, file: File, medium: Medium) -> Result<Self, FilesError> {
        // SAFETY: the file is not written through the map; that another program may cut it off is said above.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(&file) }.map_err(|source| unreadable(path, source))?;
        let pages = Arc::new(Pages { map, file, path: path.to_owned(), medium });
        if medium != Medium::Network {
            UsedFiles(vec![Arc::downgrade(&pages)]).note();
        }
        Ok(Self { bytes: Bytes::from_owner(Hold(pages.clone())), pages })
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A part of the file; `None`, if it reaches beyond its end.
    pub fn data(&self, range: Range<usize>) -> Option<Data> {
        (range.start <= range.end && range.end <= self.bytes.len()).then(|| Data {
            bytes: self.bytes.slice(range.clone()),
            place: Some(Place { pages: self.pages.clone(), start: range.start }),
        })
    }
}

impl From<Vec<u8>> for Data {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into(), place: None }
    }
}

/// Bytes inside of the program.
impl From<&'static [u8]> for Data {
    fn from(bytes: &'static [u8]) -> Self {
        Self { bytes: Bytes::from_static(bytes), place: None }
    }
}

impl Data {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes to be kept: those of the file itself, or a copy where that is safer.
    ///
    /// # Errors
    /// [`FilesError::CutOff`], if the file has become shorter; or if it cannot be read.
    pub fn kept(&self) -> Result<Bytes, FilesError> {
        match &self.place {
            Some(Place { pages, start }) if self.is_copied() => pages.copy(*start..start + self.bytes.len()),
            Some(Place { pages, .. }) => pages.check().map(|()| self.bytes.clone()),
            None => Ok(self.bytes.clone()),
        }
    }

    /// Tells whether [`kept`](Self::kept) copies.
    pub fn is_copied(&self) -> bool {
        self.place.as_ref().is_some_and(|place| place.pages.medium == Medium::Network)
    }

    /// Lets the system read them from the disk while other work is done.
    pub fn read_ahead(&self) {
        if let Some(Place { pages, start }) = &self.place {
            pages.read_ahead(*start..*start + self.bytes.len());
        }
    }

    /// Takes a part out of this process; the system may keep it in its cache, and reading brings it back.
    pub fn give_back(&self, range: Range<usize>) {
        if let Some(Place { pages, start }) = &self.place {
            pages.give_back(start + range.start..start + range.end.min(self.bytes.len()));
        }
    }
}

impl Pages {
    fn check(&self) -> Result<(), FilesError> {
        let found = self.file.metadata().map_err(|source| unreadable(&self.path, source))?.len();
        let expected = self.map.len() as u64;
        if found < expected {
            return Err(FilesError::CutOff { path: self.path.clone(), expected, found });
        }
        Ok(())
    }

    fn copy(&self, range: Range<usize>) -> Result<Bytes, FilesError> {
        self.check()?;
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        // Of the system itself: whole pages, so that numbers of any size lie where they may.
        let room = MmapMut::map_anon(range.len()).and_then(|mut room| {
            read_at(&self.file, &mut room, range.start as u64)?;
            Ok(room)
        });
        match room {
            Ok(room) => Ok(Bytes::from_owner(room)),
            Err(source) => self.check().and(Err(unreadable(&self.path, source))),
        }
    }

    #[cfg(unix)]
    fn give_back(&self, range: Range<usize>) {
        // SAFETY: the map is read-only and of a file, so that a page which is read again is the same.
        #[allow(unsafe_code)]
        let _ = unsafe {
            self.map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, range.start, range.len())
        };
    }

    #[cfg(not(unix))]
    fn give_back(&self, _: Range<usize>) {}

    #[cfg(unix)]
    fn read_ahead(&self, range: Range<usize>) {
        let _ = self.map.advise_range(memmap2::Advice::WillNeed, range.start, range.len());
    }

    #[cfg(not(unix))]
    fn read_ahead(&self, _: Range<usize>) {}
}

/// A hold on a file, which ends with the last of them.
struct Hold(Arc<Pages>);

impl AsRef<[u8]> for Hold {
    fn as_ref(&self) -> &[u8] {
        &self.0.map
    }
}

fn unreadable(path: &Path, source: io::Error) -> FilesError {
    FilesError::Io { action: "read", path: path.to_owned(), source }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(bytes)
}
