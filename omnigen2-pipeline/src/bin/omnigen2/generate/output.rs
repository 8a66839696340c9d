use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use omnigen2_pipeline::ImageRequest;
use omnigen2_pipeline::metadata::MetadataError;
use omnigen2_pipeline::metadata::Record;

use super::args::Args;
use crate::failure::{Code, Failure};

/// A picture to write.
pub(super) struct Output {
    /// Which of the request's pictures it is.
    pub(super) index: usize,
    pub(super) path: PathBuf,
}

/// Where each picture goes. A picture that is drawn again is one of its request's; only that one is written,
/// unless a count is given.
pub(super) fn outputs(
    args: &Args,
    like: Option<&Record>,
    request: &ImageRequest,
) -> Result<Vec<Output>, Failure> {
    let path = &args.output;
    let png = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
    if !png {
        let message = format!("{} does not end in .png, the only format written", path.display());
        return Err(Failure::new(Code::Request, message));
    }
    let outputs = match (like, args.drawing.count, request.count) {
        (Some(record), None, count) if record.index < count => {
            vec![Output { index: record.index, path: path.clone() }]
        }
        (_, _, 1) => vec![Output { index: 0, path: path.clone() }],
        (_, _, count) => (0..count)
            .map(|index| Output { index, path: renamed(path, &format!("-{}", index + 1)) })
            .collect(),
    };
    outputs.iter().try_for_each(|output| check(&output.path))?;
    Ok(outputs)
}

impl Output {
    pub(super) fn preview(&self) -> PathBuf {
        renamed(&self.path, ".preview")
    }
}

/// Fails where a file cannot be written, before hours of work that would end there.
fn check(path: &Path) -> Result<(), Failure> {
    let failed = |source: std::io::Error| MetadataError::Write { path: path.into(), source: source.into() };
    if path.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()).into());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let probe = tempfile::Builder::new().prefix(".omnigen2-").tempfile_in(folder).map_err(failed)?;
    probe.close().map_err(failed)?;
    let locked = fs::metadata(path).is_ok_and(|there| there.permissions().readonly());
    match locked {
        true => Err(failed(std::io::ErrorKind::PermissionDenied.into()).into()),
        false => Ok(()),
    }
}

/// `fox.png` and `-1` make `fox-1.png`.
fn renamed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_stem().map(OsString::from).unwrap_or_default();
    name.push(suffix);
    name.push(".png");
    path.with_file_name(name)
}
