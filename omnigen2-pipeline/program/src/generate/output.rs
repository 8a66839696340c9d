use std::ffi::OsString;
use std::path::{Path, PathBuf};

use omnigen2_pipeline::ImageRequest;
use omnigen2_pipeline::metadata::Record;

use super::args::Args;
use crate::drawing::output::{check, check_png};
use crate::failure::Failure;

/// A picture to write.
pub(super) struct Output {
    /// The place among the request's pictures.
    pub(super) index: usize,
    pub(super) path: PathBuf,
}

/// The files of the pictures. A picture that is drawn again is one of its request's; only that one is written,
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
    /// The names that its preview may have.
    pub(super) fn previews(&self) -> impl Iterator<Item = PathBuf> {
        let others = (2_u64..).map(|number| renamed(&self.path, &format!(".preview-{number}")));
        std::iter::once(renamed(&self.path, ".preview")).chain(others)
    }
}

/// `fox.png` and `-1` make `fox-1.png`.
fn renamed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_stem().map(OsString::from).unwrap_or_default();
    name.push(suffix);
    name.push(".png");
    path.with_file_name(name)
}
