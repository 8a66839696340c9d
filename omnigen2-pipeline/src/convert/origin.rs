use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// A text that tells whether a file was made from the same one.
pub(super) fn origin(from: &Path) -> std::io::Result<String> {
    let found = fs::metadata(from)?;
    let modified = found.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let name = from.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("{name}, {} bytes, {modified}", found.len()))
}
