//! Rules on the tree: folders, lengths, sizes, and nothing that leads out of it.

use std::collections::BTreeSet;

use super::file::File;
use super::rust::is_name;
use super::{Finding, Repository};

const FOLDERS: [&str; 8] = [
    "benches",
    "omnigen2-dit",
    "omnigen2-mllm",
    "omnigen2-pipeline",
    "omnigen2-rope",
    "omnigen2-vae",
    "omnigen2-vit",
    "xtask",
];

const SOURCE_LINES: usize = 400;
const EXAMPLE_LINES: usize = 40;
const FILE_BYTES: u64 = 3_000_000;
/// The model that ships, and how big its files are together at most.
const MODEL: &str = "omnigen2-pipeline/shapes/model/";
const MODEL_BYTES: u64 = 9_000_000;

/// Folders at the root of a machine where a developer's own files lie.
const PRIVATE_ROOTS: [&str; 4] = ["home", "root", "work", "Users"];

/// Folders beside a checkout that a build must not need.
const NEIGHBOURS: [&str; 1] = ["shared"];

/// The folders at the root are those of ARCHITECTURE.md, beside dot folders.
pub(super) fn folders(repository: &Repository) -> Vec<Finding> {
    let folders =
        repository.files().iter().filter_map(|file| file.path.split_once('/').map(|(folder, _)| folder));
    let present: BTreeSet<&str> = folders.filter(|folder| !folder.starts_with('.')).collect();
    let wanted = BTreeSet::from(FOLDERS);
    let surplus = present.difference(&wanted).map(|folder| Finding {
        place: format!("{folder}/"),
        wrong: "this folder is not one of the eight".into(),
        remedy: "Move its content into the crate it belongs to.",
    });
    let missing = wanted.difference(&present).map(|folder| Finding {
        place: format!("{folder}/"),
        wrong: "this crate is missing".into(),
        remedy: "Restore it, or change ARCHITECTURE.md and the list in xtask/src/tidy/files.rs.",
    });
    surplus.chain(missing).collect()
}

/// Source files and examples are short.
pub(super) fn lengths(repository: &Repository) -> Vec<Finding> {
    repository.rust_files().filter_map(length).collect()
}

fn length(file: &File) -> Option<Finding> {
    let (lines, limit, remedy) = if file.path.contains("/src/") {
        (file.source.shipped().len(), SOURCE_LINES, "Divide it by the things it is about.")
    } else if file.path.contains("/examples/") {
        (
            file.source.lines.len(),
            EXAMPLE_LINES,
            "Show one thing; what every user needs belongs into the library.",
        )
    } else {
        return None;
    };
    let wrong = || format!("{lines} lines without tests, at most {limit} are allowed");
    (lines > limit).then(|| file.finding(limit + 1, wrong(), remedy))
}

/// No file is too big for a repository, and the model not for a package.
pub(super) fn sizes(repository: &Repository) -> Vec<Finding> {
    let (model, others): (Vec<&File>, Vec<&File>) =
        repository.files().iter().partition(|file| file.path.starts_with(MODEL));
    let bytes: u64 = model.iter().map(|file| file.bytes).sum();
    let model = (bytes > MODEL_BYTES).then(|| Finding {
        place: MODEL.into(),
        wrong: format!("{bytes} bytes, at most {MODEL_BYTES} are allowed"),
        remedy: "Train a smaller one, or write it with `precise = \"f16\"`.",
    });
    let big = others.into_iter().filter(|file| file.bytes > FILE_BYTES);
    let wrong = |file: &File| format!("{} bytes, at most {FILE_BYTES} are allowed", file.bytes);
    let big =
        big.map(|file| file.finding(1, wrong(file), "Make it smaller, or create it when it is needed."));
    model.into_iter().chain(big).collect()
}

/// No file speaks of a place outside of the repository.
pub(super) fn outside_paths(repository: &Repository) -> Vec<Finding> {
    repository.files().iter().flat_map(file_outside_paths).collect()
}

fn file_outside_paths(file: &File) -> Vec<Finding> {
    let lines = file.text.lines().enumerate();
    let leaks = lines.filter_map(|(at, line)| Some((at + 1, outside_path(line)?)));
    let finding = |(line, path): (usize, String)| {
        let wrong = format!("`{path}` lies outside of the repository");
        file.finding(line, wrong, "Name a file of the repository, an argument or an environment variable.")
    };
    leaks.map(finding).collect()
}

/// A crate embeds files of its own folder alone, so that its package is whole.
pub(super) fn embedded(repository: &Repository) -> Vec<Finding> {
    let shipped = repository.rust_files().filter(|file| !repository.is_test(file));
    shipped.flat_map(file_embedded).collect()
}

fn file_embedded(file: &File) -> Vec<Finding> {
    let lines = file.text.lines().enumerate();
    let outside =
        lines.filter_map(|(at, line)| Some((at + 1, embedded_path(line).filter(|path| leaves(file, path))?)));
    let finding = |(line, path)| {
        let wrong = format!("`{path}` is not in the crate's folder and will be missing from its package");
        file.finding(line, wrong, "Move the file into the crate.")
    };
    outside.map(finding).collect()
}

fn embedded_path(line: &str) -> Option<&str> {
    const OPENINGS: [&str; 4] = ["include_str!(\"", "include_bytes!(\"", "include!(\"", "#[path = \""];
    let after = OPENINGS.iter().find_map(|opening| line.split_once(opening)).map(|(_, after)| after);
    after?.split('"').next()
}

/// Whether `path`, as seen from `file`, leads out of its crate.
fn leaves(file: &File, path: &str) -> bool {
    let depth = file.path.matches('/').count();
    let climbs = path.split('/').take_while(|&part| part == "..").count();
    path.starts_with('/') || climbs >= depth
}

fn outside_path(line: &str) -> Option<String> {
    let begins = |path: &String| {
        let inside = |letter| is_name(letter) || matches!(letter, '.' | '-' | '/' | '}' | ')');
        line.match_indices(path.as_str()).any(|(at, _)| !line[..at].ends_with(inside))
    };
    let private = PRIVATE_ROOTS.map(|folder| format!("/{folder}/"));
    let beside = NEIGHBOURS.map(|folder| format!("../{folder}"));
    private.into_iter().find(begins).or_else(|| beside.into_iter().find(|path| line.contains(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(files: &[(&str, &str)]) -> Repository {
        match Repository::new(files.iter().map(|(path, text)| File::new(path, text)).collect()) {
            Ok(repository) => repository,
            Err(_) => panic!("there is no manifest to be wrong"),
        }
    }

    #[test]
    fn a_ninth_folder_and_a_lost_one_are_found() {
        let mut paths = FOLDERS.map(|folder| format!("{folder}/Cargo.lock"));
        let check = |paths: &[String]| {
            let files: Vec<_> =
                paths.iter().map(|path| (path.as_str(), "")).chain([(".ci/run", ""), ("a", "")]).collect();
            folders(&repository(&files)).into_iter().map(|finding| finding.place).collect::<Vec<_>>()
        };
        assert!(check(&paths).is_empty());
        paths[7] = "tools/Cargo.lock".into();
        assert_eq!(check(&paths), ["tools/", "xtask/"]);
    }

    #[test]
    fn tests_do_not_count_as_length() {
        let code = "x\n".repeat(SOURCE_LINES);
        let tests = format!("{code}#[cfg(test)]\nmod tests {{\n{code}}}\n");
        let example = "x\n".repeat(EXAMPLE_LINES + 1);
        let long = format!("{code}x\n");
        let files = [("a/src/tested.rs", &tests), ("a/src/long.rs", &long), ("a/examples/e.rs", &example)];
        let found = lengths(&repository(&files.map(|(path, text)| (path, text.as_str()))));
        let places: Vec<_> = found.iter().map(|finding| finding.place.as_str()).collect();
        assert_eq!(places, ["a/src/long.rs:401", "a/examples/e.rs:41"]);
    }

    #[test]
    fn private_paths_are_found_where_they_begin() {
        let [home, shared] = [format!("/{}/me/x", "home"), format!("../../{}/x", "shared")];
        assert_eq!(outside_path(&format!("open(\"{home}\")")), Some(format!("/{}/", "home")));
        assert!(outside_path(&format!("include_str!(\"{shared}\")")).is_some());
        assert_eq!(outside_path(&format!("https://example.org{home} and $CACHE/{}/x", "work")), None);
    }

    #[test]
    fn embedded_files_are_the_crates_own() {
        let embed = |path: &str| format!("#![doc = include_str!(\"{path}\")]\n");
        let check = |path: &str| file_embedded(&File::new("a/src/b.rs", &embed(path))).len();
        assert_eq!(["../README.md", "x.txt", "../../README.md", "../../b/x.txt"].map(check), [0, 0, 1, 1]);
    }

    #[test]
    fn big_files_are_found() {
        let big = "x".repeat(3_000_001);
        assert_eq!(sizes(&repository(&[("a", &big), ("b", "x")])).len(), 1);
    }
}
