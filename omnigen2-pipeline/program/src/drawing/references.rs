//! Reference pictures in files.

use std::path::{Path, PathBuf};

use omnigen2_pipeline::Picture;
use omnigen2_pipeline::metadata::{Record, ReferenceRecord, digest};
use omnigen2_pipeline::pixels::{self, PixelError, RgbImage, Size, VisionLimits, vit_size};

use crate::checkpoint::absolute;
use crate::failure::{Code, Failure};

/// A reference picture that was opened.
pub(crate) struct Reference {
    pub(crate) path: PathBuf,
    pub(crate) picture: RgbImage,
    digest: String,
}

impl Reference {
    pub(crate) fn record(&self) -> ReferenceRecord {
        ReferenceRecord { path: absolute(&self.path).into(), digest: self.digest.clone() }
    }
}

pub(crate) fn given(paths: &[PathBuf]) -> Result<Vec<Reference>, Failure> {
    paths.iter().map(|path| open(path.clone())).collect()
}

/// Pictures for the language model, which must not be too small or too narrow.
pub(crate) fn shown(paths: &[PathBuf]) -> Result<Vec<Reference>, Failure> {
    let references = given(paths)?;
    for Reference { path, picture, .. } in &references {
        let (width, height) = picture.dimensions();
        check_shown(Size::new(width, height))
            .map_err(|e| Failure::from(e).within(format!("{} cannot be shown", path.display())))?;
    }
    Ok(references)
}

/// Fails on a size that the language model cannot look at.
pub(crate) fn check_shown(size: Size) -> Result<(), PixelError> {
    vit_size(size, &VisionLimits::default()).map(|_| ())
}

/// The record of a picture's file that was written just now.
pub(crate) fn written(path: &Path, picture: &RgbImage) -> ReferenceRecord {
    ReferenceRecord { path: absolute(path).into(), digest: digest(picture) }
}

/// The records of pictures' files; none if one of the pictures is in no known file.
pub(crate) fn named(pictures: &[Picture], known: &[ReferenceRecord]) -> Option<Vec<ReferenceRecord>> {
    let find = |digest: String| known.iter().find(|record| record.digest == digest).cloned();
    pictures.iter().map(|picture| find(digest(picture.pixels().ok()?))).collect()
}

/// The pictures that a record names, which must still be the same.
pub(crate) fn recorded(record: &Record) -> Result<Vec<Reference>, Failure> {
    let again = |recorded: &ReferenceRecord| {
        let reference = open(recorded.path.clone())
            .map_err(|e| e.within("a reference of the record is gone; put it back or give --image anew"))?;
        if reference.digest != recorded.digest {
            let message = format!(
                "{} is no longer the picture that the record was made with (digest {}, recorded {}); put that \
                 one back, or give --image anew",
                recorded.path.display(),
                reference.digest,
                recorded.digest
            );
            return Err(Failure::new(Code::Input, message));
        }
        Ok(reference)
    };
    record.references.iter().map(again).collect()
}

fn open(path: PathBuf) -> Result<Reference, Failure> {
    let picture = pixels::open(&path)?;
    Ok(Reference { digest: digest(&picture), picture, path })
}
