use std::collections::VecDeque;
use std::path::PathBuf;

use super::HubError;
use super::cache::Cache;
use super::layout::{self, Files};
use super::remote::{Listing, Remote, RemoteFile};
use super::transfer::{Route, Transfer};

/// The progress of a [`Pull`]. Only what was not in the cache yet is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The file on its way, by its path in the repository.
    pub file: String,
    /// The bytes of it that are in the cache; a resumed file begins by reading what is there.
    pub received: u64,
    /// The bytes of the whole file.
    pub total: u64,
    /// The files that are complete.
    pub files_done: usize,
    /// The files of this pull.
    pub files_total: usize,
    /// The bytes of all files of this pull that are in the cache.
    pub bytes_done: u64,
    /// The bytes of all files of this pull.
    pub bytes_total: u64,
}

/// A download that the caller drives: each item moves at most some hundred kilobytes.
///
/// Dropping it cancels. After [`HubError::Interrupted`] the next item tries again from where the connection broke;
/// attempts in a row that bring nothing new end in [`HubError::Stalled`].
/// A file appears in the snapshot only when it is whole and checked.
pub struct Pull {
    cache: Cache,
    commit: String,
    remote: Option<Remote>,
    waiting: VecDeque<RemoteFile>,
    current: Option<Transfer>,
    files_done: usize,
    files_total: usize,
    bytes_done: u64,
    bytes_total: u64,
}

impl Pull {
    pub(super) fn cached(cache: Cache, commit: String) -> Self {
        Self {
            cache,
            commit,
            remote: None,
            waiting: VecDeque::new(),
            current: None,
            files_done: 0,
            files_total: 0,
            bytes_done: 0,
            bytes_total: 0,
        }
    }

    pub(super) fn plan(remote: Remote, cache: Cache, listing: Listing) -> Result<Self, HubError> {
        cache.clear_remains(&listing);
        let needed = layout::needed(
            remote.repository(),
            &mut Planner { remote: &remote, cache: &cache, listing: &listing },
        )?;
        let mut waiting = VecDeque::new();
        for file in needed.iter().filter_map(|name| listing.files.get(name)) {
            if !cache.holds(&listing.commit, file)? {
                waiting.push_back(file.clone());
            }
        }
        Ok(Self {
            files_total: waiting.len(),
            bytes_total: waiting.iter().map(|file| file.size).fold(0, u64::saturating_add),
            remote: Some(remote),
            waiting,
            ..Self::cached(cache, listing.commit)
        })
    }

    /// The commit that is pulled, as its full hash.
    pub fn commit(&self) -> &str {
        &self.commit
    }

    /// The bytes that are still to come; some may lie in the cache as part of an interrupted pull.
    pub fn bytes_left(&self) -> u64 {
        let current = self.current.as_ref().map_or(0, Transfer::received);
        self.bytes_total - self.bytes_done - current
    }

    /// Fetches what is left and returns the snapshot's directory, which has the layout of the repository.
    ///
    /// # Errors
    /// Any [`HubError`]; pulling again goes on from where it failed.
    pub fn finish(mut self) -> Result<PathBuf, HubError> {
        for progress in &mut self {
            progress?;
        }
        self.cache.refer(&self.commit)?;
        Ok(self.cache.snapshot(&self.commit))
    }

    /// One step of the current file; `None` when there is none left.
    fn step(&mut self) -> Result<Option<Progress>, HubError> {
        let Some(remote) = &self.remote else { return Ok(None) };
        let route = Route { remote, cache: &self.cache, commit: &self.commit };
        let Some(transfer) = &mut self.current else {
            let Some(file) = self.waiting.front().cloned() else { return Ok(None) };
            self.current = Transfer::begin(&route, file.clone())?;
            self.waiting.pop_front();
            return Ok(Some(match &self.current {
                Some(transfer) => self.progress(file, transfer.received()),
                None => self.done(file),
            }));
        };
        let is_complete = transfer.step(&route)?;
        let (file, received) = (transfer.file().clone(), transfer.received());
        Ok(Some(if is_complete { self.done(file) } else { self.progress(file, received) }))
    }

    fn done(&mut self, file: RemoteFile) -> Progress {
        self.current = None;
        self.files_done += 1;
        self.bytes_done += file.size;
        let received = file.size;
        Progress { bytes_done: self.bytes_done, ..self.progress(file, received) }
    }

    fn progress(&self, file: RemoteFile, received: u64) -> Progress {
        Progress {
            file: file.name,
            received,
            total: file.size,
            files_done: self.files_done,
            files_total: self.files_total,
            bytes_done: self.bytes_done + received,
            bytes_total: self.bytes_total,
        }
    }
}

impl Iterator for Pull {
    type Item = Result<Progress, HubError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

/// The hub's files while the plan is made: the indices are fetched at once, since they name the shards.
struct Planner<'a> {
    remote: &'a Remote,
    cache: &'a Cache,
    listing: &'a Listing,
}

impl Files for Planner<'_> {
    fn has(&self, file: &str) -> bool {
        self.listing.files.contains_key(file)
    }

    fn path(&mut self, name: &str) -> Result<PathBuf, HubError> {
        let commit = &self.listing.commit;
        if let Some(file) = self.listing.files.get(name) {
            layout::check_index_size(self.remote.repository(), name, file.size)?;
            if !self.cache.holds(commit, file)? {
                let route = Route { remote: self.remote, cache: self.cache, commit };
                if let Some(mut transfer) = Transfer::begin(&route, file.clone())? {
                    while !transfer.step(&route)? {}
                }
            }
        }
        Ok(self.cache.snapshot(commit).join(name))
    }
}
