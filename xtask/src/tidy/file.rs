use std::fs;
use std::path::Path;

use super::Finding;
use super::rust::Source;

/// A file of the repository.
pub(crate) struct File {
    /// Path from the root, with slashes.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// The content; of a link, where it leads.
    pub(crate) text: String,
    /// The content as Rust; nothing for other files.
    pub(crate) source: Source,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let source = Source::parse(if path.ends_with(".rs") { text } else { "" });
        Self { path: path.into(), bytes: text.len() as u64, text: text.into(), source }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub(crate) fn finding(&self, line: usize, wrong: impl Into<String>, remedy: &'static str) -> Finding {
        Finding { place: format!("{}:{line}", self.path), wrong: wrong.into(), remedy }
    }

    /// A file that is tracked but deleted in the working tree is none.
    pub(super) fn read(root: &Path, path: &str) -> Option<Self> {
        let place = root.join(path);
        let about = place.symlink_metadata().ok()?;
        let content = if about.is_symlink() {
            fs::read_link(&place).ok()?.to_string_lossy().into_owned()
        } else {
            String::from_utf8_lossy(&fs::read(&place).ok()?).into_owned()
        };
        Some(Self { bytes: about.len(), ..Self::new(path, &content) })
    }

    /// Where the modules may lie which this file declares for tests alone.
    pub(super) fn test_modules(&self) -> Vec<String> {
        let stem = self.path.trim_end_matches(".rs");
        let (folder, name) = stem.rsplit_once('/').unwrap_or((".", stem));
        let folder = if matches!(name, "lib" | "main" | "mod") { folder } else { stem };
        let modules = self.source.test_modules();
        modules.flat_map(|name| [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")]).collect()
    }
}
