//! Folders that are there whole or not at all, wherever their writer is stopped; and files that are none.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use omnigen2_files::{
    self as files, FilesError, Lock, NotReadable, Publication, faults, open_regular, read_bounded,
    read_text_bounded,
};

/// More changes than any of these tests makes.
const MANY: usize = 1000;

/// The contents of all files, by their paths within a folder.
fn contents(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(folder).unwrap().to_owned(), text));
            }
        }
    }
    found.sort();
    found
}

fn write(publication: Publication, text: &str) -> Result<(), FilesError> {
    let folder = publication.folder().to_owned();
    let failed = |source| FilesError::Io { action: "write", path: folder.clone(), source };
    files::disk::create_folders(&folder.join("part")).map_err(failed)?;
    for name in ["config.json", "part/weights", "part/index"] {
        files::replace(&folder.join(name), text.as_bytes()).map_err(failed)?;
    }
    publication.finish()
}

fn published(text: &str) -> Vec<(PathBuf, String)> {
    ["config.json", "part/index", "part/weights"].map(|name| (name.into(), text.to_owned())).into()
}

#[test]
fn a_new_folder_is_whole_or_not_there_wherever_it_is_stopped() {
    for stop in 0..MANY {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("out");
        let create = || Publication::create(&target).and_then(|begun| write(begun, "new"));
        let outcome = faults::stopping_at(stop, create);
        let is_there = target.exists();
        assert!(!is_there || contents(&target) == published("new"), "stopped at {stop}");
        match outcome {
            Some(outcome) => {
                outcome.unwrap();
                assert!(stop > 10, "there were changes to stop at");
                return;
            }
            None if is_there => Publication::recover(&target).unwrap(),
            None => create().unwrap(),
        }
        assert_eq!(contents(&target), published("new"), "stopped at {stop}");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "stopped at {stop}");
    }
    unreachable!("it never ends");
}

#[test]
fn a_replaced_folder_is_the_old_or_the_new_one_wherever_it_is_stopped() {
    for stop in 0..MANY {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("out");
        Publication::create(&target).and_then(|begun| write(begun, "old")).unwrap();
        let replace = || Publication::replace(&target).and_then(|begun| write(begun, "new"));
        let outcome = faults::stopping_at(stop, replace);
        Publication::recover(&target).unwrap();
        let found = contents(&target);
        assert!([published("old"), published("new")].contains(&found), "stopped at {stop}: {found:?}");
        if let Some(outcome) = outcome {
            outcome.unwrap();
            assert_eq!(found, published("new"));
            return;
        }
        replace().unwrap();
        assert_eq!(contents(&target), published("new"), "stopped at {stop}");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "stopped at {stop}");
    }
    unreachable!("it never ends");
}

#[test]
fn what_is_there_is_not_written_over_unless_asked() {
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("out");
    fs::create_dir(&target).unwrap();
    Publication::create(&target).and_then(|begun| write(begun, "old")).unwrap();
    let error = Publication::create(&target).unwrap_err();
    assert!(matches!(error, FilesError::Exists { .. }), "{error}");
    drop(Publication::replace(&target).unwrap());
    assert_eq!(contents(&target), published("old"));
    let file = target.join("config.json");
    let error = Publication::replace(&file).unwrap_err().to_string();
    assert!(error.contains("config.json is a file; expected a folder"), "{error}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn a_folder_has_one_writer_who_is_named() {
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("out");
    let first = Publication::create(&target).unwrap();
    let busy = Publication::replace(&target).unwrap_err().to_string();
    let holder = format!("out is being written by process {} (", std::process::id());
    assert!(busy.contains(&holder) && busy.ends_with("); wait or stop it"), "{busy}");
    drop(first);
    Publication::create(&target).unwrap().finish().unwrap();

    let lock = Lock::within(&target).unwrap();
    let busy = Lock::within(&target).unwrap_err();
    assert!(matches!(busy, FilesError::Busy { .. }), "{busy}");
    drop(lock);
    assert!(contents(&target).is_empty());
    // A killed holder leaves its file, but not its lock.
    fs::write(target.join(".omnigen2-lock"), "1\ninit\n").unwrap();
    drop(Lock::within(&target).unwrap());
    assert!(contents(&target).is_empty());
}

/// The folder in which a child of this program works, which aborts in the midst of it.
const CHILD: &str = "OMNIGEN2_TEST_FOLDER";

#[test]
fn work_of_a_child() {
    if let Some(folder) = std::env::var_os(CHILD) {
        let target = Path::new(&folder).join("out");
        Publication::replace(&target).and_then(|begun| write(begun, "new")).unwrap();
    }
}

#[test]
fn what_an_aborted_program_leaves_is_cleared() {
    for fault in ["write:2", "rename:3", "rename:5", "remove:1"] {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("out");
        Publication::create(&target).and_then(|begun| write(begun, "old")).unwrap();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "work_of_a_child"]).env(CHILD, place.path()).env("OMNIGEN2_FAULT_AT", fault);
        assert!(!child.output().unwrap().status.success(), "{fault}");
        assert_eq!(target.join("config.json").exists(), fault != "rename:5", "{fault}");
        assert!(fs::read_dir(place.path()).unwrap().count() > 1, "{fault}: there are remains");
        Publication::recover(&target).unwrap();
        let expected = if fault == "remove:1" { "new" } else { "old" };
        assert_eq!(contents(&target), published(expected), "{fault}");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "{fault}");
    }
}

fn refused(path: &Path) -> NotReadable {
    let error = open_regular(path).unwrap_err();
    error.get_ref().and_then(|inner| inner.downcast_ref::<NotReadable>()).cloned().unwrap()
}

#[test]
fn what_is_no_file_is_told_by_its_kind() {
    let place = tempfile::tempdir().unwrap();
    assert_eq!(refused(place.path()).to_string(), "it is a folder; expected a file");
    assert_eq!(open_regular(&place.path().join("none")).unwrap_err().kind(), ErrorKind::NotFound);
}

#[cfg(unix)]
#[test]
fn what_never_ends_is_not_opened() {
    let place = tempfile::tempdir().unwrap();
    let [pipe, socket] = ["pipe", "socket"].map(|name| place.path().join(name));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    assert_eq!(refused(&pipe).to_string(), "it is a named pipe; expected a file");
    assert_eq!(refused(&socket).to_string(), "it is a socket; expected a file");
    assert_eq!(refused(Path::new("/dev/zero")).to_string(), "it is a device; expected a file");
    let error = files::replace(&pipe, b"").unwrap_err().to_string();
    assert_eq!(error, "it is a named pipe; expected a file");
}

#[test]
fn what_is_read_whole_has_a_limit() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("text");
    fs::write(&path, "twelve bytes").unwrap();
    assert_eq!(read_text_bounded(&path, 12).unwrap(), "twelve bytes");
    let error = read_bounded(&path, 11).unwrap_err().to_string();
    assert_eq!(error, "it has 12 bytes, and 11 at most are read; is it the right file?");
    fs::write(&path, [0xff]).unwrap();
    assert_eq!(read_text_bounded(&path, 12).unwrap_err().kind(), ErrorKind::InvalidData);
}
