use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use hf_hub::{Repo, RepoType};

use super::id::is_commit;
use super::layout::{self, Files};
use super::remote::RemoteFile;
use super::{HubError, RepositoryId};

/// One repository's folder in the hub's cache: `blobs` hold the bytes under their hashes, `snapshots` name them by
/// commit and path, `refs` name the commits.
pub(super) struct Cache {
    repository: RepositoryId,
    folder: PathBuf,
    locks: PathBuf,
}

impl Cache {
    pub(super) fn new(root: &Path, repository: &RepositoryId) -> Self {
        let name = Repo::new(repository.id().to_owned(), RepoType::Model).folder_name();
        Self {
            repository: repository.clone(),
            folder: root.join(&name),
            locks: root.join(".locks").join(name),
        }
    }

    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    pub(super) fn blob(&self, file: &RemoteFile) -> PathBuf {
        self.folder.join("blobs").join(&file.blob)
    }

    pub(super) fn partial(&self, file: &RemoteFile) -> PathBuf {
        self.folder.join("blobs").join(format!("{}.incomplete", file.blob))
    }

    /// The commit that the revision means here, if the cache holds the whole checkpoint at it.
    pub(super) fn complete_commit(&self) -> Option<String> {
        let commit = if self.repository.is_commit() {
            self.repository.revision().to_owned()
        } else {
            self.referred().filter(|commit| is_commit(commit))?
        };
        let complete = layout::needed(&self.repository, &mut Snapshot(self.snapshot(&commit))).is_ok();
        complete.then_some(commit)
    }

    /// Whether the snapshot has the file, once its blob, if that is there, has been linked.
    pub(super) fn holds(&self, commit: &str, file: &RemoteFile) -> Result<bool, HubError> {
        let whole =
            |path: &Path| fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() == file.size);
        if whole(&self.snapshot(commit).join(&file.name)) {
            return Ok(true);
        }
        let blob = whole(&self.blob(file));
        if blob {
            self.link(commit, file)?;
        }
        Ok(blob)
    }

    /// Locks the file's blob against other processes, until the returned file is dropped.
    pub(super) fn lock(&self, file: &RemoteFile) -> Result<File, HubError> {
        let lock = self.locks.join(format!("{}.lock", file.blob));
        let opened = fs::create_dir_all(&self.locks).and_then(|()| File::create(&lock));
        let handle = opened.map_err(|source| self.error(file, &lock, source))?;
        match handle.try_lock() {
            Ok(()) => Ok(handle),
            Err(TryLockError::WouldBlock) => {
                Err(HubError::Busy { repository: self.repository.clone(), file: file.name.clone(), lock })
            }
            Err(TryLockError::Error(source)) => Err(self.error(file, &lock, source)),
        }
    }

    /// Makes the finished partial file the blob, and the snapshot name it.
    pub(super) fn complete(&self, commit: &str, file: &RemoteFile) -> Result<(), HubError> {
        let blob = self.blob(file);
        fs::rename(self.partial(file), &blob).map_err(|source| self.error(file, &blob, source))?;
        self.link(commit, file)
    }

    /// Lets the revision mean the commit; called only when its snapshot is whole.
    pub(super) fn refer(&self, commit: &str) -> Result<(), HubError> {
        if self.repository.is_commit() || self.referred().as_deref() == Some(commit) {
            return Ok(());
        }
        let path = self.reference();
        let new = path.with_added_extension("incomplete");
        let written = path.parent().map_or(Ok(()), fs::create_dir_all);
        written
            .and_then(|()| fs::write(&new, commit))
            .and_then(|()| fs::rename(&new, &path))
            .map_err(|source| HubError::cache(&self.repository, self.repository.revision(), &path, source))
    }

    pub(super) fn error(&self, file: &RemoteFile, path: &Path, source: io::Error) -> HubError {
        HubError::cache(&self.repository, &file.name, path, source)
    }

    fn reference(&self) -> PathBuf {
        self.folder.join("refs").join(self.repository.revision())
    }

    fn referred(&self) -> Option<String> {
        fs::read_to_string(self.reference()).ok().map(|commit| commit.trim().to_owned())
    }

    fn link(&self, commit: &str, file: &RemoteFile) -> Result<(), HubError> {
        let pointer = self.snapshot(commit).join(&file.name);
        let made = pointer.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
            if pointer.symlink_metadata().is_ok() {
                fs::remove_file(&pointer)?;
            }
            point(&pointer, &self.blob(file), &file.name)
        });
        made.map_err(|source| self.error(file, &pointer, source))
    }
}

#[cfg(unix)]
fn point(pointer: &Path, blob: &Path, name: &str) -> io::Result<()> {
    let mut target: PathBuf = name.split('/').map(|_| "..").collect();
    target.extend(["..", "blobs"]);
    target.extend(blob.file_name());
    match std::os::unix::fs::symlink(target, pointer) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

/// Moves the blob itself, as the Python client does where links need privileges.
#[cfg(not(unix))]
fn point(pointer: &Path, blob: &Path, _name: &str) -> io::Result<()> {
    fs::rename(blob, pointer)
}

struct Snapshot(PathBuf);

impl Files for Snapshot {
    fn has(&self, file: &str) -> bool {
        self.0.join(file).is_file()
    }

    fn path(&mut self, file: &str) -> Result<PathBuf, HubError> {
        Ok(self.0.join(file))
    }
}
