use std::ffi::OsString;
use std::path::{Path, PathBuf};

use omnigen2_pipeline::ImageRequest;
use omnigen2_pipeline::metadata::Record;

use super::args::Args;
use crate::drawing::output::{check, check_png};
use crate::failure::Failure;

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
    check_png(path)?;
    let outputs = match (like, args.count, request.count) {
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

/// `fox.png` and `-1` make `fox-1.png`.
fn renamed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_stem().map(OsString::from).unwrap_or_default();
    name.push(suffix);
    name.push(".png");
    path.with_file_name(name)
}
