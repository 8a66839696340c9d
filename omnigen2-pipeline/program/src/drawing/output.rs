//! Files of pictures that can be written.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use omnigen2_pipeline::files::{Draft, clear_remains};
use omnigen2_pipeline::metadata::MetadataError;

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

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Also clears what killed runs left.
fn probe(folder: &Path) -> std::io::Result<()> {
    clear_remains(folder)?;
    Draft::in_folder_of(&folder.join("probe")).map(drop)
}

fn failed(path: &Path, source: std::io::Error) -> Failure {
    MetadataError::Write { path: path.into(), source: source.into() }.into()
}
