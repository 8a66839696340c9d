use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use omnigen2_files::{Lock, disk};

use super::HubError;
use super::cache::Cache;
use super::hash::Hash;
use super::remote::{Remote, RemoteFile, Stream};

/// Most bytes that one step moves.
const STEP: usize = 256 << 10;
/// Connections in a row that may break without bringing a file further than it has ever been.
const ATTEMPTS: u32 = 5;

/// From where to where files travel.
pub(super) struct Route<'a> {
    pub(super) remote: &'a Remote,
    pub(super) cache: &'a Cache,
    pub(super) commit: &'a str,
}

/// One file on its way into the cache.
///
/// Bytes are hashed as they are written; a partial file from an earlier run is hashed first.
pub(super) struct Transfer {
    file: RemoteFile,
    partial: File,
    stream: Option<Box<dyn Read + Send>>,
    hash: Hash,
    hashed: u64,
    written: u64,
    /// The most that was ever written: a server without ranges begins each attempt anew.
    furthest: u64,
    stalled: u32,
    buffer: Vec<u8>,
    _lock: Lock,
}

impl Transfer {
    /// Begins a file, or goes on with what is there of it; `None`, if another pull has brought it meanwhile.
    pub(super) fn begin(route: &Route<'_>, file: RemoteFile) -> Result<Option<Self>, HubError> {
        let cache = route.cache;
        let lock = cache.lock(&file)?;
        if cache.holds(route.commit, &file)? {
            return Ok(None);
        }
        let path = cache.partial(&file);
        let opened = path.parent().map_or(Ok(()), disk::create_folders).and_then(|()| {
            let mut partial = disk::open_or_create(&path)?;
            let written = partial.seek(SeekFrom::End(0))?;
            partial.rewind()?;
            Ok((partial, written))
        });
        let (partial, written) = opened.map_err(|source| cache.error(&file, &path, source))?;
        let mut transfer = Self {
            hash: Hash::of(&file),
            file,
            partial,
            stream: None,
            hashed: 0,
            written,
            furthest: written,
            stalled: 0,
            buffer: vec![0; STEP],
            _lock: lock,
        };
        if transfer.written > transfer.file.size {
            transfer.restart().map_err(|source| cache.error(&transfer.file, &path, source))?;
        }
        Ok(Some(transfer))
    }

    pub(super) fn file(&self) -> &RemoteFile {
        &self.file
    }

    /// The bytes that are on disk and hashed.
    pub(super) fn received(&self) -> u64 {
        self.hashed
    }

    /// Moves some bytes, and says whether the file is now complete and checked.
    ///
    /// After an error the next call goes on from what is on disk.
    pub(super) fn step(&mut self, route: &Route<'_>) -> Result<bool, HubError> {
        if self.hashed < self.written {
            self.rehash().map_err(|source| self.disk(route, source))?;
        } else if self.written < self.file.size {
            let received = self.receive(route).map_err(|error| self.broken(error))?;
            self.store(received).map_err(|source| self.disk(route, source))?;
        }
        if self.hashed < self.file.size {
            return Ok(false);
        }
        self.check(route)?;
        self.partial.sync_data().map_err(|source| self.disk(route, source))?;
        route.cache.complete(route.commit, &self.file)?;
        Ok(true)
    }

    fn rehash(&mut self) -> io::Result<()> {
        let count = self.partial.read(&mut self.buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.hash.update(&self.buffer[..count]);
        self.hashed += count as u64;
        Ok(())
    }

    fn receive(&mut self, route: &Route<'_>) -> Result<usize, HubError> {
        if self.stream.is_none() {
            let Stream { start, reader } = route.remote.open(route.commit, &self.file, self.written)?;
            let ready = if start == 0 { self.restart() } else { self.trim() };
            ready.map_err(|source| self.disk(route, source))?;
            self.stream = Some(reader);
        }
        let read = self.stream.as_mut().map_or(Ok(0), |stream| stream.read(&mut self.buffer));
        let cut = match read {
            Ok(0) => io::ErrorKind::UnexpectedEof.into(),
            Ok(count) => return Ok(count),
            Err(error) => error,
        };
        self.stream = None;
        Err(route.remote.interrupted(&self.file, self.written, cut))
    }

    /// Tells what a broken connection is: an interruption, or one too many without progress.
    fn broken(&mut self, error: HubError) -> HubError {
        let HubError::Interrupted { repository, file, received, total, source } = error else { return error };
        self.stalled = if self.written > self.furthest { 0 } else { self.stalled + 1 };
        self.furthest = self.furthest.max(self.written);
        if self.stalled < ATTEMPTS {
            return HubError::Interrupted { repository, file, received, total, source };
        }
        self.stalled = 0;
        HubError::Stalled { repository, file, received: self.furthest, total, attempts: ATTEMPTS, source }
    }

    fn store(&mut self, count: usize) -> io::Result<()> {
        let bytes = &self.buffer[..count];
        if let Err(error) = disk::write_all(&mut self.partial, bytes) {
            self.stream = None;
            return Err(error);
        }
        self.hash.update(bytes);
        self.hashed += count as u64;
        self.written += count as u64;
        Ok(())
    }

    fn check(&mut self, route: &Route<'_>) -> Result<(), HubError> {
        let found = self.hash.hex();
        if found == self.file.blob {
            return Ok(());
        }
        let expected = format!("{} {}", self.hash.name(), self.file.blob);
        let error = route.remote.corrupt(&self.file, expected, found);
        self.restart().map_err(|source| self.disk(route, source))?;
        Err(error)
    }

    fn restart(&mut self) -> io::Result<()> {
        self.stream = None;
        self.hash = Hash::of(&self.file);
        (self.hashed, self.written) = (0, 0);
        self.trim()
    }

    /// Cuts off whatever a failed write left behind the bytes that count.
    fn trim(&mut self) -> io::Result<()> {
        self.partial.set_len(self.written)?;
        self.partial.seek(SeekFrom::Start(self.written)).map(drop)
    }

    fn disk(&self, route: &Route<'_>, source: io::Error) -> HubError {
        route.cache.error(&self.file, &route.cache.partial(&self.file), source)
    }
}
