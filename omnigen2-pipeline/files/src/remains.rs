use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use super::disk;
use super::lock::is_at;

const MARK: &str = ".omnigen2-";

/// The name of the file that a process writes.
pub(super) fn name(process: u32, number: u64) -> String {
    format!("{MARK}{process}-{number}")
}

/// Removes from a folder the unfinished files of programs that were killed, and gives how many there were. Those that
/// are being written stay.
///
/// # Errors
/// If the folder cannot be read.
pub fn clear_remains(folder: &Path) -> io::Result<usize> {
    let mut cleared = 0;
    for entry in folder.read_dir()? {
        let entry = entry?;
        if is_draft(&entry.file_name().to_string_lossy()) && entry.file_type()?.is_file() {
            cleared += usize::from(clear(&entry.path()));
        }
    }
    Ok(cleared)
}

fn is_draft(name: &str) -> bool {
    let numbers = name.strip_prefix(MARK).and_then(|rest| rest.split_once('-'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.is_some_and(|(process, number)| is_number(process) && is_number(number))
}

/// Whoever writes a file holds its lock, and takes a new one if it was removed before the lock was had.
fn clear(path: &Path) -> bool {
    let Ok(file) = OpenOptions::new().write(true).open(path) else { return false };
    file.try_lock().is_ok() && is_at(&file, path) && disk::remove_file(path).is_ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::Draft;
    use super::*;

    #[test]
    fn only_what_nobody_writes_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let kept = ["picture.png", ".omnigen2-lock", ".omnigen2-1-x", ".omnigen2-7"];
        for name in kept.into_iter().chain([".omnigen2-999999999-0", ".omnigen2-1-12"]) {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let draft = Draft::beside(&folder.path().join("picture.png")).unwrap();
        assert_eq!(clear_remains(folder.path()).unwrap(), 2);
        assert!(kept.iter().all(|name| folder.path().join(name).exists()));
        draft.finish().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), kept.len());
    }
}
