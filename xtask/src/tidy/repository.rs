use std::collections::BTreeSet;
use std::path::Path;

use toml::Table;
use xshell::{Shell, cmd};

use super::file::File;
use super::manifest::Manifest;
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
