use std::path::Path;

use omnigen2_files::disk;

use super::error::ConvertError;
use crate::Result;

/// Creates a folder of the output, where it is not there yet.
pub(super) fn create_folder(folder: &Path) -> Result<()> {
    let failed = |source| ConvertError::Write { path: folder.into(), source };
    Ok(disk::create_folders(folder).map_err(failed)?)
}
