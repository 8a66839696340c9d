//! The changes of the file system: all that is written, named and removed here goes through these.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use super::faults::{Change, pass, stop};

/// Creates a file that is not there yet, with the permissions of any new file.
///
/// # Errors
/// If there is one, or it cannot be created.
pub fn create_new(path: &Path) -> io::Result<File> {
    pass(Change::Create)?;
    OpenOptions::new().read(true).write(true).create_new(true).open(path)
}

/// Opens a file for reading and writing, as it is or new.
///
/// # Errors
/// If it cannot be opened.
pub fn open_or_create(path: &Path) -> io::Result<File> {
    pass(Change::Create)?;
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Creates a folder and those above it, where they are not there yet.
///
/// # Errors
/// If one cannot be created.
pub fn create_folders(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    pass(Change::Create)?;
    fs::create_dir_all(path)
}

/// Writes some bytes to a file, and gives how many.
///
/// # Errors
/// If the system refuses.
pub fn write(file: &mut File, bytes: &[u8]) -> io::Result<usize> {
    match stop(Change::Write) {
        None => file.write(bytes),
        Some(stop) => {
            let _ = file.write_all(&bytes[..bytes.len() / 2]);
            Err(stop.end())
        }
    }
}

/// Writes all of some bytes to a file.
///
/// # Errors
/// If the system refuses; some may be written then.
pub fn write_all(file: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match write(file, bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Gives a file or folder another name; a file of that name goes.
///
/// # Errors
/// If the system refuses.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    pass(Change::Rename)?;
    fs::rename(from, to)
}

/// Gives a file a second name, which must be free.
///
/// # Errors
/// If there is a file of that name, or the file system has no second names.
pub fn link(from: &Path, to: &Path) -> io::Result<()> {
    pass(Change::Rename)?;
    fs::hard_link(from, to)
}

/// Removes a file.
///
/// # Errors
/// If it is not there or the system refuses.
pub fn remove_file(path: &Path) -> io::Result<()> {
    pass(Change::Remove)?;
    fs::remove_file(path)
}

/// Removes a folder with all that is in it; links are removed, not followed.
///
/// # Errors
/// If it is not there or the system refuses.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_folder(&entry.path())?;
        } else {
            remove_file(&entry.path())?;
        }
    }
    pass(Change::Remove)?;
    fs::remove_dir(path)
}

/// Waits until the names in a folder are on the disk, where the system can tell.
///
/// # Errors
/// If the folder cannot be opened.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        // Some file systems refuse to sync a folder; its names are then as safe as they can be.
        let _ = File::open(path)?.sync_all();
    }
    Ok(())
}
