use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use hf_hub::{Repo, RepoType};
use omnigen2_files::{self as files, FilesError, Lock, disk};

use super::id::is_commit;
use super::layout::{self, Files};
use super::remote::{Listing, RemoteFile};
use super::{HubError, RepositoryId};

/// The ending of what has not arrived whole.
const PARTIAL: &str = ".incomplete";

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
        self.folder.join("blobs").join(format!("{}{PARTIAL}", file.blob))
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

    /// Locks the file's blob against other pulls, the Python client's included.
    pub(super) fn lock(&self, file: &RemoteFile) -> Result<Lock, HubError> {
        let lock = self.lock_file(&file.blob);
        disk::create_folders(&self.locks).map_err(|source| self.error(file, &lock, source))?;
        Lock::take(&self.blob(file), lock.clone()).map_err(|error| match error {
            FilesError::Busy { holder, .. } => HubError::Busy {
                repository: self.repository.clone(),
                file: file.name.clone(),
                holder,
                lock: lock.into(),
            },
            FilesError::Io { source, .. } => self.error(file, &lock, source),
            error => self.error(file, &lock, io::Error::other(error)),
        })
    }

    /// Removes what killed downloads left that no pull of the listing goes on from. What is being fetched stays.
    pub(super) fn clear_remains(&self, listing: &Listing) {
        let blobs = self.folder.join("blobs");
        let listed: BTreeSet<&str> = listing.files.values().map(|file| file.blob.as_str()).collect();
        for entry in blobs.read_dir().into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(blob) = name.to_str().and_then(|name| name.strip_suffix(PARTIAL)) else { continue };
            let is_wanted = listed.contains(blob) && !blobs.join(blob).exists();
            if !is_wanted
                && Lock::take(&blobs.join(blob), self.lock_file(blob))
                    .is_ok_and(|_lock| disk::remove_file(&entry.path()).is_ok())
            {
                tracing::debug!(file = ?entry.path(), "removed what a killed download left");
            }
        }
        let _ = self.reference().parent().map(files::clear_remains);
    }

    /// Makes the finished partial file the blob, and the snapshot name it.
    pub(super) fn complete(&self, commit: &str, file: &RemoteFile) -> Result<(), HubError> {
        let blob = self.blob(file);
        let named = disk::rename(&self.partial(file), &blob);
        named.map_err(|source| self.error(file, &blob, source))?;
        self.link(commit, file)
    }

    /// Lets the revision mean the commit; called only when its snapshot is whole.
    pub(super) fn refer(&self, commit: &str) -> Result<(), HubError> {
        if self.repository.is_commit() || self.referred().as_deref() == Some(commit) {
            return Ok(());
        }
        let path = self.reference();
        let written = path.parent().map_or(Ok(()), disk::create_folders);
        written
            .and_then(|()| files::replace(&path, commit.as_bytes()))
            .map_err(|source| HubError::cache(&self.repository, self.repository.revision(), &path, source))
    }

    pub(super) fn error(&self, file: &RemoteFile, path: &Path, source: io::Error) -> HubError {
        HubError::cache(&self.repository, &file.name, path, source)
    }

    fn lock_file(&self, blob: &str) -> PathBuf {
        self.locks.join(format!("{blob}.lock"))
    }

    fn reference(&self) -> PathBuf {
        self.folder.join("refs").join(self.repository.revision())
    }

    fn referred(&self) -> Option<String> {
        fs::read_to_string(self.reference()).ok().map(|commit| commit.trim().to_owned())
    }

    fn link(&self, commit: &str, file: &RemoteFile) -> Result<(), HubError> {
        let pointer = self.snapshot(commit).join(&file.name);
        let made =
            pointer.parent().map_or(Ok(()), disk::create_folders).and_then(|()| {
                match disk::remove_file(&pointer) {
                    Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                    _ => point(&pointer, &self.blob(file), &file.name),
                }
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
        // Another pull was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

/// Moves the blob itself, as the Python client does where links need privileges.
#[cfg(not(unix))]
fn point(pointer: &Path, blob: &Path, _name: &str) -> io::Result<()> {
    disk::rename(blob, pointer)
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
