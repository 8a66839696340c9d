use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use toml::Table;
use xshell::{Shell, cmd};

use super::Finding;
use super::manifest::Manifest;
use super::rust::Source;
use crate::Failure;

/// The files git tracks or would track, and the manifests among them.
pub(crate) struct Repository {
    files: Vec<File>,
    manifests: Vec<Manifest>,
    test_modules: BTreeSet<String>,
}

impl Repository {
    /// Reads the repository which holds the current directory.
    pub(crate) fn read(shell: &Shell) -> Result<Self, Failure> {
        let root = cmd!(shell, "git rev-parse --show-toplevel").quiet().read()?;
        let list = cmd!(shell, "git -C {root} ls-files -z -co --exclude-standard").quiet().read()?;
        let paths = list.split('\0').filter(|path| !path.is_empty());
        Self::new(paths.filter_map(|path| File::read(Path::new(&root), path)).collect())
    }

    pub(crate) fn new(files: Vec<File>) -> Result<Self, Failure> {
        let root = files.iter().find(|file| file.path == "Cargo.toml");
        let root: Table = root.map_or(Ok(Table::new()), |file| file.text.parse())?;
        let is_manifest = |file: &&File| {
            file.path.ends_with("/Cargo.toml") && (1..=2).contains(&file.path.matches('/').count())
        };
        let manifests = files
            .iter()
            .filter(is_manifest)
            .map(|file| Manifest::parse(file, &root).map_err(|error| format!("{}: {error}", file.path)))
            .collect::<Result<_, _>>()
            .map_err(Failure::Work)?;
        let test_modules = files.iter().flat_map(File::test_modules).collect();
        Ok(Self { files, manifests, test_modules })
    }

    pub(crate) fn files(&self) -> &[File] {
        &self.files
    }

    pub(crate) fn manifests(&self) -> &[Manifest] {
        &self.manifests
    }

    pub(crate) fn manifest(&self, name: &str) -> Option<&Manifest> {
        self.manifests.iter().find(|manifest| manifest.name == name)
    }

    pub(crate) fn rust_files(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }

    /// Whether nothing but tests is built from this file.
    pub(crate) fn is_test(&self, file: &File) -> bool {
        file.path.split('/').any(|part| matches!(part, "tests" | "tests.rs"))
            || self.test_modules.contains(&file.path)
    }
}

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
    fn read(root: &Path, path: &str) -> Option<Self> {
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
    fn test_modules(&self) -> Vec<String> {
        let stem = self.path.trim_end_matches(".rs");
        let (folder, name) = stem.rsplit_once('/').unwrap_or((".", stem));
        let folder = if matches!(name, "lib" | "main" | "mod") { folder } else { stem };
        let modules = self.source.test_modules();
        modules.flat_map(|name| [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_declared_for_tests_are_tests() {
        let files = [
            ("a/src/lib.rs", "mod net;\n#[cfg(test)]\nmod golden;\n"),
            ("a/src/net.rs", "#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod probe;\n"),
            ("a/src/net/probe.rs", ""),
            ("a/src/golden.rs", ""),
        ];
        let files = files.map(|(path, text)| File::new(path, text)).into();
        let Ok(repository) = Repository::new(files) else { panic!("no manifest is wrong") };
        let tests: Vec<bool> = repository.files().iter().map(|file| repository.is_test(file)).collect();
        assert_eq!(tests, [false, false, true, true]);
    }

    #[test]
    fn a_broken_manifest_is_named() {
        let files = vec![File::new("Cargo.toml", ""), File::new("a/Cargo.toml", "[package")];
        assert!(
            matches!(Repository::new(files), Err(Failure::Work(message)) if message.starts_with("a/Cargo.toml"))
        );
    }
}
