use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use omnigen2_pipeline::Step;
use omnigen2_pipeline::metadata::{self, Record};
use omnigen2_pipeline::pixels::RgbImage;

use super::output::Output;
use crate::failure::Failure;

/// Previews beside the pictures, which overwrite nothing but each other and go when the picture is there.
pub(super) struct Previews {
    /// The steps from one to the next, if there are any.
    every: Option<usize>,
    /// The files that were written, by the index of their picture.
    written: BTreeMap<usize, PathBuf>,
}

impl Previews {
    pub(super) fn new(every: Option<u32>) -> Self {
        Self { every: every.map(|steps| steps as usize), written: BTreeMap::new() }
    }

    pub(super) fn due(&self, step: Step) -> bool {
        self.every.is_some_and(|every| step.index.is_multiple_of(every)) && step.index < step.steps
    }

    pub(super) fn write(
        &mut self,
        output: &Output,
        picture: &RgbImage,
        record: &Record,
    ) -> Result<(), Failure> {
        if let Some(path) = self.written.get(&output.index) {
            metadata::save(path, picture, record)?;
        } else {
            let path = metadata::create(output.previews(), picture, record)?;
            self.written.insert(output.index, path);
        }
        Ok(())
    }

    /// Removes what was written for a picture.
    pub(super) fn remove(&mut self, output: &Output) {
        if let Some(path) = self.written.remove(&output.index) {
            let _ = fs::remove_file(path);
        }
    }
}
