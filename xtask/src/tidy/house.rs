//! Rules on what stands above what inside a crate, and on how large a crate may grow.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::Modules;
use super::manifest::Manifest;
use super::{Finding, Repository};

const PIPELINE: &str = "omnigen2-pipeline";
const CRATE_LINES: usize = 11_000;

/// The floors of the pipeline from the ground up, each with its modules. A file imports from its own floor and from
/// those below. The errors, which belong to no floor, are everybody's.
const FLOORS: [(&str, &[&str]); 8] = [
    ("values", &["values"]),
    ("files", &["checkpoint", "convert", "device", "lora", "metadata", "noise", "pixels", "quiet", "text"]),
    ("parts", &["parts"]),
    ("networks", &["networks"]),
    ("memory", &["memory"]),
    ("engine", &["engine"]),
    ("tasks", &["tasks"]),
    ("face", &["omnigen2", "builder", "lib"]),
];

/// No files of the pipeline import each other around.
pub(super) fn circles(repository: &Repository) -> Vec<Finding> {
    let modules = Modules::of(repository, PIPELINE);
    let imports = modules.imports();
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        imports.keys().map(|file| (*file, reached(&imports, file))).collect();
    let mut known = BTreeSet::new();
    let mut findings = Vec::new();
    for (file, others) in &reached {
        if !others.contains(file) || !known.insert(*file) {
            continue;
        }
        let circle =
            others.iter().filter(|other| reached.get(**other).is_some_and(|back| back.contains(file)));
        let circle: Vec<&str> = circle.copied().collect();
        known.extend(&circle);
        findings.push(Finding {
            place: (*file).into(),
            wrong: format!("these files import each other around: {}", circle.join(", ")),
            remedy: "Move what the lower one needs of the upper one down, into a file of its own.",
        });
    }
    findings
}

/// The files that are imported from a file on, at first or second hand.
fn reached<'r>(imports: &BTreeMap<&'r str, BTreeSet<&'r str>>, from: &str) -> BTreeSet<&'r str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        let new = imports.get(file).into_iter().flatten().filter(|next| reached.insert(**next));
        open.extend(new.copied().collect::<Vec<_>>());
    }
    reached
}

/// In the pipeline, a file imports nothing from a floor above its own.
pub(super) fn floors(repository: &Repository) -> Vec<Finding> {
    let modules = Modules::of(repository, PIPELINE);
    let imports = modules.imports();
    let source = format!("{PIPELINE}/src/");
    let floor = |file: &str| {
        let name = file.strip_prefix(&source)?.split(['/', '.']).next()?;
        FLOORS.iter().position(|(_, modules)| modules.contains(&name))
    };
    let homeless = imports.keys().filter(|file| floor(file).is_none() && !file.ends_with("/src/error.rs"));
    let homeless = homeless.map(|file| Finding {
        place: (*file).into(),
        wrong: "this module stands on no floor".into(),
        remedy: "Give it one in xtask/src/tidy/house.rs and in ARCHITECTURE.md.",
    });
    let rising = imports.iter().flat_map(|(from, to)| to.iter().map(move |to| (*from, *to)));
    let rising = rising.filter_map(|(from, to)| {
        let (low, high) = (floor(from)?, floor(to)?);
        (low < high).then(|| Finding {
            place: from.into(),
            wrong: format!("{} may not import {to}, of the floor of {} above", FLOORS[low].0, FLOORS[high].0),
            remedy: "Move what it needs down, or what needs it up.",
        })
    });
    homeless.chain(rising).collect()
}

/// No crate is so large that nobody knows all of it.
pub(super) fn crates(repository: &Repository) -> Vec<Finding> {
    repository.manifests().iter().filter_map(|manifest| size(repository, manifest)).collect()
}

fn size(repository: &Repository, manifest: &Manifest) -> Option<Finding> {
    let source = format!("{}/src/", manifest.folder);
    let files =
        repository.rust_files().filter(|file| file.path.starts_with(&source) && !repository.is_test(file));
    let lines: usize = files.map(|file| file.source.shipped().len()).sum();
    let wrong = || format!("{lines} lines without tests, at most {CRATE_LINES} are allowed");
    (lines > CRATE_LINES)
        .then(|| manifest.finding("[package]", wrong(), "Make a crate of a part that others can do without."))
}

#[cfg(test)]
mod tests {
    use super::super::file::File;
    use super::*;

    fn repository(files: &[(&str, &str)]) -> Repository {
        let manifest = [File::new("omnigen2-pipeline/Cargo.toml", "[package]\nname = \"omnigen2-pipeline\"")];
        let files =
            files.iter().map(|(path, text)| File::new(&format!("omnigen2-pipeline/src/{path}"), text));
        match Repository::new(files.chain(manifest).collect()) {
            Ok(repository) => repository,
            Err(_) => panic!("the manifest is no TOML"),
        }
    }

    #[test]
    fn files_that_import_each_other_around_are_found_once() {
        let straight =
            [("lib.rs", "use tasks::T;"), ("tasks.rs", "use crate::engine::E;"), ("engine.rs", "")];
        assert!(circles(&repository(&straight)).is_empty());
        let around = [
            straight[0],
            straight[1],
            ("engine.rs", "fn f() { crate::values::v() }"),
            ("values.rs", "use super::tasks;"),
        ];
        let found = circles(&repository(&around));
        assert_eq!(found.len(), 1);
        assert!(found[0].wrong.contains("engine.rs") && found[0].wrong.contains("values.rs"), "{}", found[0]);
    }

    #[test]
    fn what_is_below_imports_nothing_from_above() {
        let files = [
            ("lib.rs", ""),
            ("tasks.rs", "use crate::engine::E;"),
            ("engine.rs", "use crate::values::V;"),
            ("values.rs", ""),
        ];
        assert!(floors(&repository(&files)).is_empty());
        let found = floors(&repository(&[
            files[0],
            ("tasks.rs", ""),
            ("engine.rs", ""),
            ("values.rs", "use crate::engine::E;"),
        ]));
        assert_eq!(found.len(), 1);
        assert!(found[0].wrong.starts_with("values may not import"), "{}", found[0]);
        assert_eq!(floors(&repository(&[("attic.rs", "")])).len(), 1);
    }

    #[test]
    fn tests_do_not_count_as_size() {
        let half = "x\n".repeat(CRATE_LINES / 2);
        let tests = format!("{half}#[cfg(test)]\nmod tests {{\n{half}{half}}}\n");
        assert!(crates(&repository(&[("a.rs", &tests), ("b.rs", &half)])).is_empty());
        assert_eq!(crates(&repository(&[("a.rs", &half), ("b.rs", &half), ("c.rs", "x")])).len(), 1);
    }
}
