use std::path::PathBuf;

use omnigen2_pipeline::metadata::{Record, ReferenceRecord, digest};
use omnigen2_pipeline::pixels::{self, RgbImage};

use crate::checkpoint::absolute;
use crate::failure::{Code, Failure};

/// A reference picture that was opened.
pub(super) struct Reference {
    pub(super) path: PathBuf,
    pub(super) picture: RgbImage,
    digest: String,
}

impl Reference {
    pub(super) fn record(&self) -> ReferenceRecord {
        ReferenceRecord { path: absolute(&self.path).into(), digest: self.digest.clone() }
    }
}

pub(super) fn given(paths: &[PathBuf]) -> Result<Vec<Reference>, Failure> {
    paths.iter().map(|path| open(path.clone())).collect()
}

/// The pictures that a record names, which must still be the same.
pub(super) fn recorded(record: &Record) -> Result<Vec<Reference>, Failure> {
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
