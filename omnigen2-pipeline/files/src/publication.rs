use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::disk;
use super::error::FilesError;
use super::lock::Lock;
use super::open::Kind;

/// A folder on its way: written beside its name, and there as a whole or not at all; dropped before
/// [`finish`](Self::finish), it leaves nothing.
///
/// While it lives nobody else can write the same folder. What a killed program left of it is cleared when it is begun
/// again.
#[derive(Debug)]
pub struct Publication {
    places: Places,
    before: Before,
    is_finished: bool,
    _lock: Lock,
}

/// The things that may stand under the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    Anything,
}

/// The names beside a folder.
#[derive(Debug)]
struct Places {
    target: PathBuf,
    parent: PathBuf,
    /// The folder that is being written.
    new: PathBuf,
    /// The folder that was there before, until it is removed.
    old: PathBuf,
}

impl Publication {
    /// Begins a folder that is not there yet, or is empty.
    ///
    /// # Errors
    /// [`FilesError::Exists`], if there are files in it; [`FilesError::Busy`], if another process writes it; or if it
    /// cannot be begun.
    pub fn create(target: impl AsRef<Path>) -> Result<Self, FilesError> {
        Self::begin(target.as_ref(), Before::Nothing)
    }

    /// Begins a folder that takes the place of the one that may be there, which stays until the new one is whole.
    ///
    /// # Errors
    /// [`FilesError::NotAFolder`], if it is no folder; [`FilesError::Busy`], if another process writes it; or if it
    /// cannot be begun.
    pub fn replace(target: impl AsRef<Path>) -> Result<Self, FilesError> {
        Self::begin(target.as_ref(), Before::Anything)
    }

    /// Puts a folder in order whose writer was killed: the one that was there before is there again, if no new one
    /// had come, and nothing else is left.
    ///
    /// # Errors
    /// [`FilesError::Busy`], if another process writes it; or if it cannot be put in order.
    pub fn recover(target: impl AsRef<Path>) -> Result<(), FilesError> {
        let places = Places::of(target.as_ref())?;
        if !places.parent.is_dir() {
            return Ok(());
        }
        let _lock = places.lock()?;
        places.recover()
    }

    /// The folder to write into.
    pub fn folder(&self) -> &Path {
        &self.places.new
    }

    /// The folder that it will be.
    pub fn target(&self) -> &Path {
        &self.places.target
    }

    /// Gives the folder its name, and removes the one that had it.
    ///
    /// # Errors
    /// If the system refuses; the folder that was there before is there still then.
    pub fn finish(mut self) -> Result<(), FilesError> {
        let Places { target, parent, new, old } = &self.places;
        let failed = |source| FilesError::Io { action: "publish", path: target.clone(), source };
        self.places.check(self.before)?;
        sync(new).map_err(failed)?;
        let is_replaced = target.exists();
        if is_replaced {
            disk::rename(target, old).map_err(failed)?;
        }
        if let Err(source) = disk::rename(new, target) {
            if is_replaced {
                let _ = disk::rename(old, target);
            }
            return Err(failed(source));
        }
        self.is_finished = true;
        disk::sync_folder(parent).map_err(failed)?;
        if is_replaced {
            disk::remove_folder(old).map_err(failed)?;
        }
        Ok(())
    }

    fn begin(target: &Path, before: Before) -> Result<Self, FilesError> {
        let places = Places::of(target)?;
        let failed = |source| FilesError::Io { action: "create", path: places.target.clone(), source };
        disk::create_folders(&places.parent).map_err(failed)?;
        let lock = places.lock()?;
        places.recover()?;
        match places.target.metadata() {
            Ok(found) if !found.is_dir() => {
                let found = Kind::from(found.file_type());
                return Err(FilesError::NotAFolder { path: places.target, found });
            }
            _ => places.check(before)?,
        }
        disk::create_folders(&places.new).map_err(failed)?;
        Ok(Self { places, before, is_finished: false, _lock: lock })
    }
}

impl Drop for Publication {
    fn drop(&mut self) {
        if !self.is_finished {
            let _ = disk::remove_folder(&self.places.new);
        }
    }
}

impl Places {
    fn of(target: &Path) -> Result<Self, FilesError> {
        // A link stays one: the folder that it leads to is written.
        let target = target.canonicalize().unwrap_or_else(|_| target.to_owned());
        let name = target.file_name().ok_or_else(|| FilesError::NoName { path: target.clone() })?;
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new(".")).to_owned();
        let beside = |ending: &str| {
            let mut hidden = OsString::from(".");
            hidden.push(name);
            hidden.push(ending);
            parent.join(hidden)
        };
        let (new, old) = (beside(".omnigen2-new"), beside(".omnigen2-old"));
        Ok(Self { new, old, parent, target })
    }

    fn lock(&self) -> Result<Lock, FilesError> {
        Lock::take(&self.target, self.new.with_extension("omnigen2-lock"))
    }

    /// Clears what a killed program left; only whoever has the lock writes these names.
    fn recover(&self) -> Result<(), FilesError> {
        let Self { target, new, old, .. } = self;
        let failed = |action, path: &Path| {
            let path = path.to_owned();
            move |source| FilesError::Io { action, path, source }
        };
        if old.is_dir() && target.exists() {
            disk::remove_folder(old).map_err(failed("clear", old))?;
        } else if old.is_dir() {
            disk::rename(old, target).map_err(failed("put back", target))?;
        }
        if new.is_dir() {
            disk::remove_folder(new).map_err(failed("clear", new))?;
        }
        Ok(())
    }

    fn check(&self, before: Before) -> Result<(), FilesError> {
        let mut files = self.target.read_dir().into_iter().flatten();
        if before == Before::Nothing && files.next().is_some() {
            return Err(FilesError::Exists { path: self.target.clone() });
        }
        Ok(())
    }
}

/// Waits until all names in a folder are on the disk.
fn sync(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync(&entry.path())?;
        }
    }
    disk::sync_folder(folder)
}
