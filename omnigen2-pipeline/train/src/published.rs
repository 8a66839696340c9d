//! What the published checkpoint of a run is of.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::Result;
use super::recipe::Recipe;
use super::state::file;
use omnigen2_pipeline::files::{Publication, disk, replace};

const CHECKPOINT: &str = "checkpoint";
/// Stands beside the checkpoint, so that this has the files of the published layout alone.
const MARK: &str = "checkpoint.json";

/// The checkpoint that a run writes, with a mark of the step and the recipe that it is of.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    folder: PathBuf,
    mark: PathBuf,
}

#[derive(Serialize)]
struct Mark<'a> {
    step: u64,
    recipe: &'a Recipe,
}

impl Published {
    pub(crate) fn within(out: &Path) -> Self {
        Self { folder: out.join(CHECKPOINT), mark: out.join(MARK) }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether it is whole, and of this step of this recipe.
    pub(crate) fn is_of(&self, step: u64, recipe: &Recipe) -> Result<bool> {
        let mark = self.mark(step, recipe)?;
        Ok(self.folder.is_dir() && fs::read(&self.mark).is_ok_and(|found| found == mark))
    }

    /// Writes it anew: nothing of the one before is left, and it is marked only once it is whole.
    pub(crate) fn write(
        &self,
        step: u64,
        recipe: &Recipe,
        write: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<()> {
        let mark = self.mark(step, recipe)?;
        let publication = Publication::replace(&self.folder)?;
        write(publication.folder())?;
        match disk::remove_file(&self.mark) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(file("remove", &self.mark, source));
            }
            _ => {}
        }
        publication.finish()?;
        replace(&self.mark, &mark).map_err(|source| file("write", &self.mark, source))
    }

    fn mark(&self, step: u64, recipe: &Recipe) -> Result<Vec<u8>> {
        let mark = serde_json::to_vec_pretty(&Mark { step, recipe });
        mark.map_err(|error| file("write", &self.mark, error.into()))
    }
}
