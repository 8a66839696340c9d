use std::io;
use std::path::{Path, PathBuf};

use super::RepositoryId;

/// The reason why a checkpoint could not be had from the hub.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// The text is no repository's name.
    #[error("`{id}` is not a repository: expected `owner/name`, of letters, digits, `-`, `_` and `.`")]
    InvalidId {
        /// The text.
        id: String,
    },
    /// The text is no revision's name.
    #[error("`{revision}` is not a revision of {id}: expected a branch, a tag or a commit's hash")]
    InvalidRevision {
        /// The repository, as `owner/name`.
        id: String,
        /// The text.
        revision: String,
    },
    /// The hub knows no such repository, or does not show it to this user.
    #[error(
        "{repository} was not found at {endpoint}: check the name, or set HF_TOKEN if the repository is private"
    )]
    RepositoryNotFound {
        /// The repository that was asked for.
        repository: RepositoryId,
        /// The hub's address.
        endpoint: String,
    },
    /// The repository is there, the revision is not.
    #[error(
        "{repository}: the repository has no such revision: check it at {endpoint}, or leave it out for `main`"
    )]
    RevisionNotFound {
        /// The repository that was asked for.
        repository: RepositoryId,
        /// The hub's address.
        endpoint: String,
    },
    /// The hub refuses access: the token is missing or wrong, or the repository's licence is not accepted.
    #[error(
        "{endpoint} refuses {repository} (status {status}): \
         accept the licence on the repository's page and set HF_TOKEN to a valid token of that account"
    )]
    Denied {
        /// The repository that was asked for.
        repository: RepositoryId,
        /// The hub's address.
        endpoint: String,
        /// The HTTP status: 401 or 403.
        status: u16,
    },
    /// The repository lacks a file that a checkpoint must have.
    #[error("{repository} has no {file}: it is not an OmniGen2 checkpoint in the Hugging Face layout")]
    FileMissing {
        /// The repository that was asked for.
        repository: RepositoryId,
        /// The missing file.
        file: String,
    },
    /// A weight index cannot be read.
    #[error(
        "{repository}: {file} is not a weight index ({reason}): the repository is damaged, or not a checkpoint"
    )]
    BadIndex {
        /// The repository that was asked for.
        repository: RepositoryId,
        /// The index.
        file: String,
        /// The fault in it.
        reason: String,
    },
    /// The hub could not be reached at all.
    #[error(
        "cannot reach {endpoint} for {repository}: check the network, the proxy settings and HF_ENDPOINT"
    )]
    Unreachable {
        /// The repository that was asked for.
        repository: RepositoryId,
        /// The hub's address.
        endpoint: String,
        /// The network's error.
        source: io::Error,
    },
    /// The connection broke within a file; what had arrived is kept.
    #[error(
        "{repository}: the connection broke in {file} after {received} of {total} bytes; \
         they are kept: run again and the download goes on from there"
    )]
    Interrupted {
        /// The repository that was asked for.
        repository: RepositoryId,
        /// The file.
        file: String,
        /// The bytes of it that are in the cache.
        received: u64,
        /// The bytes of the whole file.
        total: u64,
        /// The network's error.
        source: io::Error,
    },
    /// The connection broke again and again without more of a file than had been there before.
    #[error(
        "{repository}: {attempts} attempts in a row brought no more of {file} than {received} of {total} bytes: \
         check the network, or set HF_ENDPOINT to a server that sends files whole or from the middle on"
    )]
    Stalled {
        /// The repository that was asked for.
        repository: RepositoryId,
        /// The file.
        file: String,
        /// The most bytes of it that ever arrived.
        received: u64,
        /// The bytes of the whole file.
        total: u64,
        /// The number of connections that broke without bringing more.
        attempts: u32,
        /// The network's last error.
        source: io::Error,
    },
    /// The hub's answer makes no sense.
    #[error("{endpoint} answered {repository} unexpectedly ({reason}): try later, and check HF_ENDPOINT")]
    BadAnswer {
        /// The repository that was asked for.
        repository: RepositoryId,
        /// The hub's address.
        endpoint: String,
        /// The expectation, and what came.
        reason: String,
    },
    /// A file arrived with other bytes than the hub announced; they are thrown away.
    #[error(
        "{repository}: {file} arrived damaged (expected {expected}, found {found}) and was thrown away: run again"
    )]
    Corrupt {
        /// The repository that was asked for.
        repository: RepositoryId,
        /// The file.
        file: String,
        /// The announced size or hash.
        expected: String,
        /// The size or hash of what came.
        found: String,
    },
    /// Another pull is fetching the same file.
    #[error("{repository}: {holder} is fetching {file} (it holds {}): wait for it or stop it, then run again", lock.display())]
    Busy {
        /// The repository that was asked for.
        repository: RepositoryId,
        /// The file.
        file: String,
        /// The process, as it named itself.
        holder: String,
        /// The lock file.
        lock: Box<Path>,
    },
    /// Nothing may be fetched, and the cache does not hold the whole checkpoint.
    #[error(
        "{repository} is not complete in {cache}, and offline mode forbids fetching it: leave it (`--offline`, HF_HUB_OFFLINE)"
    )]
    NotCached {
        /// The repository that was asked for.
        repository: RepositoryId,
        /// The cache directory.
        cache: PathBuf,
    },
    /// The disk is full; what had arrived is kept.
    #[error(
        "{repository}: no space left for {file} in {path}: free some, or set HF_HUB_CACHE to a larger disk; \
         what arrived is kept"
    )]
    DiskFull {
        /// The repository that was asked for.
        repository: RepositoryId,
        /// The file.
        file: String,
        /// The path at which it was being written.
        path: PathBuf,
    },
    /// The cache cannot be read or written.
    #[error("{repository}: cannot use {path} for {file}: check its permissions, or set HF_HUB_CACHE")]
    Cache {
        /// The repository that was asked for.
        repository: RepositoryId,
        /// The file.
        file: String,
        /// The path in the cache.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl HubError {
    pub(super) fn cache(repository: &RepositoryId, file: &str, path: &Path, source: io::Error) -> Self {
        let (repository, file, path) = (repository.clone(), file.to_owned(), path.to_owned());
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { repository, file, path }
            }
            _ => Self::Cache { repository, file, path, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_said_as_such() {
        let error = |kind: io::ErrorKind| {
            HubError::cache(
                &RepositoryId::default(),
                "vae/config.json",
                Path::new("/cache/blob"),
                kind.into(),
            )
        };
        let text = error(io::ErrorKind::StorageFull).to_string();
        assert!(text.contains("no space left for vae/config.json in /cache/blob"), "{text}");
        assert!(matches!(error(io::ErrorKind::PermissionDenied), HubError::Cache { .. }));
    }
}
