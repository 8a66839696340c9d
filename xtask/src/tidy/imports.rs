//! Which files of a crate import which, told from their `use` declarations and paths.

use std::collections::{BTreeMap, BTreeSet};

use super::Repository;
use super::file::File;
use super::rust::is_name;

/// A name may be handed on so often before it is given up.
const HANDED_ON: usize = 16;

/// The modules of a crate that have files of their own, by their paths; the root is the empty path.
pub(super) struct Modules<'r> {
    modules: BTreeMap<Vec<String>, Module<'r>>,
}

/// A module and what it names of its own crate.
struct Module<'r> {
    file: &'r File,
    /// The declarations, which also hand names on.
    uses: Vec<Use>,
    /// The paths within the code.
    paths: Vec<Vec<String>>,
}

/// A name that a module takes from a path.
struct Use {
    name: String,
    path: Vec<String>,
}

impl<'r> Modules<'r> {
    /// Reads the modules of the crate in a folder, those for tests left out.
    pub(super) fn of(repository: &'r Repository, folder: &str) -> Self {
        let source = format!("{folder}/src/");
        let files = repository.rust_files().filter(|file| !repository.is_test(file));
        let modules = files.filter_map(|file| Some((module_path(file.path.strip_prefix(&source)?), file)));
        Self { modules: modules.map(|(path, file)| (path, Module::read(file))).collect() }
    }

    /// The files that each file imports.
    pub(super) fn imports(&self) -> BTreeMap<&'r str, BTreeSet<&'r str>> {
        let imports = |(at, module): (&Vec<String>, &Module<'r>)| {
            let named = module.uses.iter().map(|used| &used.path).chain(&module.paths);
            let found = named.filter_map(|path| self.file(at, path, HANDED_ON));
            (module.file.path.as_str(), found.filter(|path| *path != module.file.path).collect())
        };
        self.modules.iter().map(imports).collect()
    }

    /// The file that defines what a path names, seen from a module; nothing, where it is of another crate.
    fn file(&self, at: &[String], path: &[String], left: usize) -> Option<&'r str> {
        let path = self.absolute(at, path)?;
        let known = (0..=path.len()).rev().find(|length| self.modules.contains_key(&path[..*length]))?;
        let module = self.modules.get(&path[..known])?;
        let handed_on = path.get(known).and_then(|name| module.uses.iter().find(|used| used.name == *name));
        match handed_on {
            Some(used) => self.file(&path[..known], &used.path, left.checked_sub(1)?),
            None => Some(&module.file.path),
        }
    }

    fn absolute(&self, at: &[String], path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([at, rest].concat()),
            "super" => {
                let (_, parent) = at.split_last()?;
                if rest.first().is_some_and(|next| next == "super") {
                    return self.absolute(parent, rest);
                }
                Some([parent, rest].concat())
            }
            _ => {
                let child = [at, &path[..1]].concat();
                self.modules.contains_key(&child).then(|| [at, path].concat())
            }
        }
    }
}

/// The path of the module in a file below `src`.
fn module_path(file: &str) -> Vec<String> {
    let stem = file.trim_end_matches(".rs");
    let mut parts: Vec<String> = stem.split('/').map(String::from).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

impl<'r> Module<'r> {
    fn read(file: &'r File) -> Self {
        let lines = file.source.shipped().iter().map(|line| line.code.as_str());
        let code = lines.collect::<Vec<_>>().join("\n");
        let mut uses = Vec::new();
        let mut rest = String::new();
        for statement in code.split_inclusive(';') {
            match declaration(statement) {
                Some((before, tree)) => {
                    rest += before;
                    expand(&[], tree, &mut uses);
                }
                None => rest += statement,
            }
        }
        Self { file, uses, paths: paths(&rest) }
    }
}

/// What stands before a `use` declaration that ends a text, and its tree.
fn declaration(statement: &str) -> Option<(&str, &str)> {
    let begins = |at: &usize| {
        let before = statement[..*at].trim_end();
        let visible = before.strip_suffix("pub").or_else(|| {
            let (before, scope) = before.strip_suffix(')')?.rsplit_once("pub(")?;
            scope.chars().all(is_name).then_some(before)
        });
        let before = visible.unwrap_or(before).trim_end();
        before.is_empty() || before.ends_with(['}', '{', ']'])
    };
    let at = statement.match_indices("use ").map(|(at, _)| at).find(begins)?;
    let tree = statement[at + "use ".len()..].trim_end_matches(';');
    Some((&statement[..at], tree))
}

/// Lists the names of a tree of paths such as `a::{b, c::{self, d as e}}`.
fn expand(before: &[String], tree: &str, uses: &mut Vec<Use>) {
    let tree = tree.trim().trim_start_matches("::");
    if let Some((head, group)) = tree.split_once('{') {
        let path = [before, &segments(head)].concat();
        let group = group.trim_end().strip_suffix('}').unwrap_or(group);
        let named = branches(group).filter(|branch| !branch.trim().is_empty());
        return named.for_each(|branch| expand(&path, branch, uses));
    }
    let (path, alias) = match tree.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias.trim())),
        None => (tree, None),
    };
    let mut path = [before, &segments(path)].concat();
    if path.len() > 1 && matches!(path.last().map(String::as_str), Some("self" | "*")) {
        path.pop();
    }
    if let Some(last) = path.last().cloned() {
        uses.push(Use { name: alias.map_or(last, String::from), path });
    }
}

fn segments(path: &str) -> Vec<String> {
    path.split("::").map(str::trim).filter(|part| !part.is_empty()).map(String::from).collect()
}

/// Divides the inside of braces at the commas that stand in no further braces.
fn branches(group: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    group.split(move |letter| {
        depth = match letter {
            '{' => depth + 1,
            '}' => depth.saturating_sub(1),
            _ => depth,
        };
        letter == ',' && depth == 0
    })
}

/// The paths within code that begin with `crate`, `self` or `super`, or with a module's name.
fn paths(code: &str) -> Vec<Vec<String>> {
    let words = code.split(|letter: char| !is_name(letter) && letter != ':');
    let paths = words.map(|word| word.trim_end_matches(':')).filter(|word| word.contains("::"));
    paths.map(segments).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(files: &[(&str, &str)]) -> Vec<String> {
        let files = files.iter().map(|(path, text)| File::new(path, text)).collect();
        let Ok(repository) = Repository::new(files) else { panic!("there is no manifest to be wrong") };
        let modules = Modules::of(&repository, "a");
        let pairs = |(from, to): (&str, BTreeSet<&str>)| {
            to.iter().map(|to| format!("{from} {to}").replace("a/src/", "")).collect::<Vec<_>>()
        };
        modules.imports().into_iter().flat_map(pairs).collect()
    }

    #[test]
    fn names_are_followed_to_the_file_that_defines_them() {
        let found = imports(&[
            ("a/src/lib.rs", "mod b;\nmod e;\npub use b::{C, d::{self, D as E}};\npub use image::Rgb;\n"),
            ("a/src/b/mod.rs", "mod c;\npub(crate) mod d;\npub use self::c::C;\npub struct B;\n"),
            ("a/src/b/c.rs", "use super::B;\nuse std::fmt;\npub struct C;\n"),
            ("a/src/b/d.rs", "pub struct D;\nfn f() { let x = crate::e::f(super::super::E); }\n"),
            (
                "a/src/e.rs",
                "use crate::{\n    C,\n    E,\n    Rgb,\n};\npub fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}\n",
            ),
        ]);
        let expected = [
            "b/c.rs b/mod.rs",
            "b/d.rs e.rs",
            "b/mod.rs b/c.rs",
            "e.rs b/c.rs",
            "e.rs b/d.rs",
            "lib.rs b/c.rs",
            "lib.rs b/d.rs",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_word_that_ends_in_use_declares_nothing() {
        assert_eq!(
            imports(&[("a/src/lib.rs", "fn f() { because ;\nlet x = reuse (b);\n}"), ("a/src/b.rs", "")]),
            [""; 0]
        );
    }
}
