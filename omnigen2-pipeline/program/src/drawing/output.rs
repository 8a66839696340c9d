//! Files of pictures that can be written.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use omnigen2_pipeline::metadata::{self, MetadataError, Record};
use omnigen2_pipeline::pixels::RgbImage;

use crate::failure::{Code, Failure};

/// Fails where a picture cannot be written, before hours of work that would end there.
pub(crate) fn check(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Err(failed(path, ErrorKind::IsADirectory.into()));
    }
    probe(folder(path)).map_err(|e| failed(path, e))?;
    let locked = fs::metadata(path).is_ok_and(|there| there.permissions().readonly());
    if locked { Err(failed(path, ErrorKind::PermissionDenied.into())) } else { Ok(()) }
}

/// Makes the folder unless it is there; fails where nothing can be written to it.
pub(crate) fn check_folder(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).and_then(|()| probe(folder)).map_err(|e| failed(folder, e))
}

/// Fails on a name that promises another format.
pub(crate) fn check_png(path: &Path) -> Result<(), Failure> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
        return Ok(());
    }
    let message = format!("{} does not end in .png, the only format written", path.display());
    Err(Failure::new(Code::Request, message))
}

/// Writes a picture under the first of the names that nothing has, whole or not at all, and tells which.
pub(crate) fn save_free(
    names: impl Iterator<Item = PathBuf>,
    picture: &RgbImage,
    record: &Record,
) -> Result<PathBuf, Failure> {
    let mut unnamed = None;
    for path in names.filter(|path| fs::symlink_metadata(path).is_err()) {
        let file = match unnamed.take() {
            Some(file) => file,
            None => {
                let file = tempfile::Builder::new().prefix(".omnigen2-").tempfile_in(folder(&path));
                let file = file.map_err(|e| failed(&path, e))?.into_temp_path();
                metadata::save(&file, picture, record)?;
                file
            }
        };
        match file.persist_noclobber(&path) {
            Ok(()) => return Ok(path),
            Err(taken) if taken.error.kind() == ErrorKind::AlreadyExists => unnamed = Some(taken.path),
            Err(error) => return Err(failed(&path, error.error)),
        }
    }
    Err(Failure::new(Code::Output, "there is no name left for a picture"))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn probe(folder: &Path) -> std::io::Result<()> {
    tempfile::Builder::new().prefix(".omnigen2-").tempfile_in(folder)?.close()
}

fn failed(path: &Path, source: std::io::Error) -> Failure {
    MetadataError::Write { path: path.into(), source: source.into() }.into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::thread;

    use omnigen2_pipeline::ImageRequest;

    use super::*;

    fn record() -> Record {
        Record {
            version: String::new(),
            request: ImageRequest::default(),
            references: Vec::new(),
            checkpoint: String::new(),
            settings: Default::default(),
            index: 0,
        }
    }

    #[test]
    fn those_who_save_at_once_get_names_of_their_own() {
        const SAVERS: usize = 8;
        const EACH: usize = 16;
        let folder = tempfile::tempdir().unwrap();
        let picture = RgbImage::new(2, 2);
        let names = || (1..).map(|number| folder.path().join(format!("{number}.png")));
        let save = || (0..EACH).map(|_| save_free(names(), &picture, &record()).unwrap()).collect::<Vec<_>>();
        let saved: Vec<PathBuf> = thread::scope(|scope| {
            let savers: Vec<_> = (0..SAVERS).map(|_| scope.spawn(save)).collect();
            savers.into_iter().flat_map(|saver| saver.join().unwrap()).collect()
        });
        assert_eq!(saved.len(), saved.iter().collect::<BTreeSet<_>>().len());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), SAVERS * EACH);
        assert!(saved.iter().all(|path| metadata::read(path).is_ok()));
    }
}
