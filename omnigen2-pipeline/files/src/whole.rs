use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::disk;
use super::lock::is_at;
use super::open::{Kind, NotReadable};
use super::remains::name;

/// A file beside the path that it is for, to be given its name once it is whole; dropped before, it leaves nothing.
///
/// ```
/// use std::io::Write;
/// use omnigen2_files::Draft;
///
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("letter.txt");
/// let mut draft = Draft::beside(&path)?;
/// draft.write_all(b"Dear fox")?;
/// assert!(!path.exists());
/// draft.finish()?;
/// assert_eq!(std::fs::read(&path)?, b"Dear fox");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Draft {
    file: File,
    path: PathBuf,
    target: PathBuf,
    is_named: bool,
}

/// Writes a file so that it is there as a whole, or as it was before.
///
/// # Errors
/// If it cannot be written, or something else than a file has its name.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut draft = Draft::beside(path)?;
    draft.write_all(bytes)?;
    draft.finish()
}

/// Writes a file that is not there yet, so that it is there as a whole or not at all.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`], if its name is taken; or if it cannot be written.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut draft = Draft::beside(path)?;
    draft.write_all(bytes)?;
    draft.finish_new()
}

impl Draft {
    /// Begins a file, in the folder of the path that it is for.
    ///
    /// # Errors
    /// If it cannot be created, or something else than a file stands at the path.
    pub fn beside(target: &Path) -> io::Result<Self> {
        if let Ok(found) = target.metadata() {
            // A device or a folder would not be written to, but replaced.
            match Kind::from(found.file_type()) {
                Kind::File => {}
                found => return Err(NotReadable::Kind { found }.into()),
            }
        }
        Self::in_folder_of(target)
    }

    /// Begins a file that may be given any name in the folder of a path, whatever stands there.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn in_folder_of(target: &Path) -> io::Result<Self> {
        let folder =
            target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        loop {
            let path = folder.join(next_name());
            match disk::create_new(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
                Ok(file) => {
                    // Locked, it is no remains of a killed program; where there are no locks, remains stay.
                    let _ = file.lock();
                    if is_at(&file, &path) {
                        return Ok(Self { file, path, target: target.to_owned(), is_named: false });
                    }
                }
            }
        }
    }

    /// Gives the file its name; one of that name goes.
    ///
    /// # Errors
    /// If it cannot be written to the disk or named.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        disk::rename(&self.path, &self.target)?;
        self.is_named = true;
        Ok(())
    }

    /// Gives the file its name, which must be free.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`], if it is taken; or if it cannot be written to the disk or named.
    pub fn finish_new(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        let target = self.target.clone();
        self.take_name(&target)
    }

    /// Gives the file the first of some names that is free, in the folder in which it was begun, and tells which.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`], if none is; or if it cannot be written to the disk or named.
    pub fn finish_first(mut self, names: impl IntoIterator<Item = PathBuf>) -> io::Result<PathBuf> {
        self.file.sync_all()?;
        for name in names {
            match self.take_name(&name) {
                Ok(()) => return Ok(name),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    fn take_name(&mut self, target: &Path) -> io::Result<()> {
        match disk::link(&self.path, target) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
            // The link that is left is the file's hidden name.
            Ok(()) => Ok(()),
            // There are file systems without second names: there the name is taken first, by an empty file.
            Err(_) => {
                drop(disk::create_new(target)?);
                disk::rename(&self.path, target)?;
                self.is_named = true;
                Ok(())
            }
        }
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        disk::write(&mut self.file, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_named {
            let _ = disk::remove_file(&self.path);
        }
    }
}

/// A hidden name that no other draft of this process has.
fn next_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    name(std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_or_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        let error = create(&path, b"three").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        let mut draft = Draft::beside(&path).unwrap();
        draft.write_all(b"four").unwrap();
        drop(draft);
        assert_eq!(fs::read(&path).unwrap(), b"two");
        create(&folder.path().join("b.txt"), b"five").unwrap();
        assert_eq!(names(folder.path()), ["a.txt", "b.txt"]);
    }

    #[test]
    fn the_first_free_name_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let choice = ["a.png", "b.png"].map(|name| folder.path().join(name));
        let take = || Draft::beside(&choice[0]).unwrap().finish_first(choice.clone());
        assert_eq!([take().unwrap(), take().unwrap()], choice);
        assert_eq!(take().unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(names(folder.path()), ["a.png", "b.png"]);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let [plain, whole] = ["plain", "whole"].map(|name| folder.path().join(name));
        fs::write(&plain, "").unwrap();
        replace(&whole, b"").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&whole), mode(&plain));
    }

    #[test]
    fn what_is_no_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let error = replace(folder.path(), b"").unwrap_err();
        assert!(error.to_string().contains("a folder"), "{error}");
    }
}
