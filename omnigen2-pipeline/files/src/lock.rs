use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::error::FilesError;
use super::{disk, short};

/// The tries of a lock whose file its last holder removes meanwhile.
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(10);
/// The time for which a lock that is held is asked for again.
const PATIENCE: Duration = Duration::from_millis(200);

/// The sole right to write a folder or file, until it is dropped or the process ends. Its file names the holder.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Locks a folder that is there, by a hidden file in it.
    ///
    /// # Errors
    /// [`FilesError::Busy`], if another holds it; or if the file cannot be written.
    pub fn within(folder: &Path) -> Result<Self, FilesError> {
        Self::take(folder, folder.join(".omnigen2-lock"))
    }

    /// Locks a name that may be free, by the file `lock`, which goes with the lock.
    ///
    /// # Errors
    /// As [`within`](Self::within).
    pub fn take(of: &Path, lock: PathBuf) -> Result<Self, FilesError> {
        let failed = |source| FilesError::Io { action: "lock", path: of.to_owned(), source };
        let mut waited = Duration::ZERO;
        for _ in 0..TRIES {
            let file = disk::open_or_create(&lock).map_err(failed)?;
            let is_held = match file.try_lock() {
                Ok(()) => false,
                Err(TryLockError::WouldBlock) => true,
                // Without locks, as on some network's file systems, the process named in the file has to do.
                Err(TryLockError::Error(_)) => names_living_process(&lock),
            };
            if is_held {
                // A lock that was just given up may live on for a moment in a process that is being started.
                if waited < PATIENCE {
                    waited += PAUSE;
                    sleep(PAUSE);
                    continue;
                }
                return Err(FilesError::Busy { path: of.to_owned(), holder: holder(&lock) });
            }
            if is_at(&file, &lock) {
                let mut taken = Self { file, path: lock };
                taken.sign().map_err(failed)?;
                return Ok(taken);
            }
        }
        Err(FilesError::Busy { path: of.to_owned(), holder: holder(&lock) })
    }

    fn sign(&mut self) -> io::Result<()> {
        let command: Vec<_> =
            std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
        self.file.set_len(0)?;
        self.file.rewind()?;
        let text = format!("{}\n{}\n", std::process::id(), short(&command.join(" ")));
        disk::write_all(&mut self.file, text.as_bytes())?;
        self.file.flush()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while it is held, so that nobody's lock is removed but this one's.
        let _ = disk::remove_file(&self.path);
    }
}

/// Tells whether a file is still the one of this name.
#[cfg(unix)]
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(file), Ok(path)) => (file.dev(), file.ino()) == (path.dev(), path.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
pub(super) fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// The name of the holder in an error.
fn holder(lock: &Path) -> String {
    let Some((process, command)) = read(lock) else { return "another process".into() };
    if command.is_empty() { format!("process {process}") } else { format!("process {process} ({command})") }
}

fn read(lock: &Path) -> Option<(u32, String)> {
    let text = super::read_text_bounded(lock, 1 << 16).ok()?;
    let mut lines = text.lines();
    let process = lines.next()?.parse().ok()?;
    Some((process, lines.next().unwrap_or_default().to_owned()))
}

fn names_living_process(lock: &Path) -> bool {
    let is_alive = |process: u32| {
        let found = Path::new("/proc").join(process.to_string()).metadata();
        !matches!(found, Err(error) if error.kind() == ErrorKind::NotFound)
    };
    cfg!(target_os = "linux")
        && read(lock).is_some_and(|(process, _)| process != std::process::id() && is_alive(process))
}
