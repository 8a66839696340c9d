use std::cell::{Cell, RefCell};
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use memmap2::Mmap;

use super::WeightsError;
use omnigen2_files::open_regular;

/// A file whose bytes are used where they are in the system's cache.
///
/// If another program makes the file shorter while it is used, the system ends this one with SIGBUS at the first byte
/// that is missing. Lengths are compared before weights are loaded and before each part is used, so that this happens
/// only where a file is cut in the midst of a computation; what replaces a file under its name (as `mv`, `pull` and
/// `convert` do) harms nothing. Files of a network's file system that others write are safer copied.
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
}

thread_local! {
    /// The files that were mapped on this thread since the outermost [`UsedFiles::of`] began.
    static MAPPED: RefCell<Vec<Weak<Pages>>> = const { RefCell::new(Vec::new()) };
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// The files that are used in place by what was loaded from them.
#[derive(Clone, Debug, Default)]
pub(crate) struct UsedFiles(Vec<Weak<Pages>>);

impl UsedFiles {
    /// Loads something on this thread, and tells which files were mapped for it.
    pub(crate) fn of<T>(load: impl FnOnce() -> T) -> (T, Self) {
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
    pub(crate) fn note(&self) {
        if DEPTH.get() > 0 {
            MAPPED.with_borrow_mut(|mapped| mapped.extend_from_slice(&self.0));
        }
    }

    /// Compares their lengths with what they were.
    ///
    /// # Errors
    /// [`WeightsError::CutOff`], if one has become shorter: to use it would end the program.
    pub(crate) fn check(&self) -> Result<(), WeightsError> {
        self.0.iter().filter_map(Weak::upgrade).try_for_each(|pages| pages.check())
    }
}

impl MappedFile {
    /// Maps a regular file.
    ///
    /// # Errors
    /// If it is none or cannot be opened.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let failed = |source| WeightsError::Io { path: path.to_owned(), source };
        let file = open_regular(path).map_err(failed)?;
        // SAFETY: the file is not written through the map; that another program may cut it off is said above.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(&file) }.map_err(failed)?;
        let pages = Arc::new(Pages { map, file, path: path.to_owned() });
        UsedFiles(vec![Arc::downgrade(&pages)]).note();
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

    /// Shares the bytes, without a copy.
    pub(super) fn shared(&self) -> Bytes {
        self.bytes.clone()
    }

    /// Compares the length of the file in which they are with what it was.
    pub(super) fn check(&self) -> Result<(), WeightsError> {
        self.place.as_ref().map_or(Ok(()), |place| place.pages.check())
    }

    /// Lets the system read them from the disk while other work is done.
    pub(super) fn read_ahead(&self) {
        if let Some(Place { pages, start }) = &self.place {
            pages.read_ahead(*start..*start + self.bytes.len());
        }
    }

    /// Takes a part out of this process; the system may keep it in its cache, and reading brings it back.
    pub(super) fn give_back(&self, range: Range<usize>) {
        if let Some(Place { pages, start }) = &self.place {
            pages.give_back(start + range.start..start + range.end);
        }
    }
}

impl Pages {
    fn check(&self) -> Result<(), WeightsError> {
        let failed = |source| WeightsError::Io { path: self.path.clone(), source };
        let (expected, found) = (self.map.len() as u64, self.file.metadata().map_err(failed)?.len());
        if found < expected {
            return Err(WeightsError::CutOff { path: self.path.clone(), expected, found });
        }
        Ok(())
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
