//! Rules on what stands in the files.

use super::crates::{COMPONENTS, LIBRARIES};
use super::file::File;
use super::rust::{Line, is_name};
use super::{Finding, Repository};

/// Modules of the standard library that stand for the world outside: files, clocks, threads and the like.
const WORLD: [&str; 8] = ["env", "fs", "io", "net", "path", "process", "thread", "time"];

/// Words that put work off.
const LEFTOVERS: [&str; 3] = ["TODO", "FIXME", "XXX"];

/// Examples in documents run.
pub(super) fn doc_examples(repository: &Repository) -> Vec<Finding> {
    let documents = repository.files().iter().filter(|file| file.is_rust() || file.path.ends_with(".md"));
    let check = |file: &File| {
        let fences =
            file.text.lines().enumerate().filter_map(|(at, line)| Some((at + 1, unrun_fence(line)?)));
        let remedy = "Let it run on a tiny configuration, or make it text.";
        fences
            .map(|(line, word)| file.finding(line, format!("this example is `{word}`"), remedy))
            .collect::<Vec<_>>()
    };
    documents.flat_map(check).collect()
}

/// What keeps the code block that this line opens from being run.
fn unrun_fence(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = ["///", "//!"].iter().find_map(|slashes| line.strip_prefix(slashes)).unwrap_or(line);
    let words = line.trim_start().strip_prefix("```")?.split([',', ' ', '{', '}']);
    words.into_iter().find(|word| word.starts_with("ignore") || *word == "no_run")
}

/// Nothing is put off: no tests left out, no unwritten code, no notes to oneself.
pub(super) fn leftovers(repository: &Repository) -> Vec<Finding> {
    repository.files().iter().flat_map(file_leftovers).collect()
}

fn file_leftovers(file: &File) -> Vec<Finding> {
    let words: Vec<(usize, String)> = if file.is_rust() {
        let lines = file.source.lines.iter().enumerate();
        lines
            .filter_map(|(at, line)| Some((at + 1, code_leftover(line).or_else(|| leftover(&line.comment))?)))
            .collect()
    } else if is_written_by_hand(&file.path) {
        let lines = file.text.lines().enumerate();
        lines.filter_map(|(at, line)| Some((at + 1, leftover(line)?))).collect()
    } else {
        vec![]
    };
    let remedy = "Do it now, or open an issue and take it out of here.";
    words
        .into_iter()
        .map(|(line, word)| file.finding(line, format!("`{word}` was left behind"), remedy))
        .collect()
}

fn is_written_by_hand(path: &str) -> bool {
    path.starts_with(".ci/") || [".md", ".toml", ".sh", ".yml", ".yaml"].iter().any(|end| path.ends_with(end))
}

fn code_leftover(line: &Line) -> Option<String> {
    let words = ["todo!", "unimplemented!"].into_iter().find(|word| line.mentions(word));
    words.or_else(|| Some("#[ignore]").filter(|_| line.code.contains("#[ignore"))).map(String::from)
}

fn leftover(text: &str) -> Option<String> {
    text.split(|letter| !is_name(letter)).find(|word| LEFTOVERS.contains(word)).map(String::from)
}

/// Libraries and programs return errors. What clippy is told to expect, with a reason, is left to clippy.
pub(super) fn panics(repository: &Repository) -> Vec<Finding> {
    let shipped = repository.rust_files().filter(|file| !repository.is_test(file));
    shipped.flat_map(file_panics).collect()
}

fn file_panics(file: &File) -> Vec<Finding> {
    const CALLS: [&str; 3] = [".unwrap()", ".expect(", "panic!("];
    let mut excuse = Excuse::default();
    let mut found = vec![];
    for (at, line) in file.source.shipped().iter().enumerate() {
        if excuse.covers(line) {
            continue;
        }
        let calls = CALLS.iter().filter(|call| line.mentions(call));
        let remedy = "Return an error; a documented shape check is an `assert!`.";
        found.extend(calls.map(|call| file.finding(at + 1, format!("`{call}` outside of tests"), remedy)));
    }
    found
}

/// Follows an attribute for clippy down to the end of its item.
#[derive(Default)]
struct Excuse {
    attribute: usize,
    state: Cover,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Cover {
    #[default]
    None,
    UntilBraceAt(usize),
    WholeFile,
}

impl Excuse {
    fn covers(&mut self, line: &Line) -> bool {
        let code = line.code.trim();
        if code.starts_with("#[") {
            self.attribute = line.indent();
        }
        let lints = ["clippy::unwrap_used", "clippy::expect_used", "clippy::panic"];
        if self.state != Cover::WholeFile && lints.iter().any(|lint| code.contains(lint)) {
            let inner = code.starts_with("#![");
            self.state = if inner { Cover::WholeFile } else { Cover::UntilBraceAt(self.attribute) };
        }
        let covered = self.state != Cover::None;
        if self.state == Cover::UntilBraceAt(line.indent()) && code == "}" {
            self.state = Cover::None;
        }
        covered
    }
}

/// Below the pipeline there are tensors and integers alone.
pub(super) fn purity(repository: &Repository) -> Vec<Finding> {
    let wrong = |word: String| format!("`{word}` in a crate of tensors and integers");
    let remedy = "Do this in omnigen2-pipeline and pass the result in.";
    let check = |file: &File| findings(file, |line| Some(wrong(outside_world(line)?)), remedy);
    shipped(repository, &COMPONENTS).flat_map(check).collect()
}

fn outside_world(line: &Line) -> Option<String> {
    if line.mentions("image::") && !line.code.contains("::image::") {
        return Some("image".into());
    }
    let (_, used) = line.code.split_once("std::")?;
    let used = used.strip_prefix('{').unwrap_or(used).split([',', ' ', '}', ';']);
    let roots = used.map(|path| path.split("::").next().unwrap_or(path));
    roots.into_iter().find(|module| WORLD.contains(module)).map(|module| format!("std::{module}"))
}

/// The caller chooses, sets up and seeds the device.
pub(super) fn devices(repository: &Repository) -> Vec<Finding> {
    let libraries: Vec<&str> = COMPONENTS.into_iter().chain(LIBRARIES).collect();
    let wrong = |call: &str| format!("`{call}` in a library");
    let remedy =
        "Take a `&Device` from the caller and leave its settings alone; draw random numbers on the host.";
    let check = |file: &File| findings(file, |line| device_call(line).map(wrong), remedy);
    shipped(repository, &libraries).flat_map(check).collect()
}

fn device_call(line: &Line) -> Option<&'static str> {
    let on_device = |call: &str| {
        let callers = line.code.match_indices(call).map(|(at, _)| line.code[..at].trim_end_matches("()"));
        callers.into_iter().any(|caller| caller.to_lowercase().ends_with("device"))
    };
    let calls = ["::default()", ".configure(", "::configure(", ".seed(", "::seed("];
    calls.into_iter().find(|call| on_device(call))
}

/// The sources of these crates that are no tests.
fn shipped<'a>(repository: &'a Repository, crates: &[&str]) -> impl Iterator<Item = &'a File> {
    let manifests = crates.iter().filter_map(|name| repository.manifest(name));
    let folders: Vec<String> = manifests.map(|manifest| format!("{}/src/", manifest.folder)).collect();
    let files = repository.rust_files().filter(|file| !repository.is_test(file));
    files.filter(move |file| folders.iter().any(|folder| file.path.starts_with(folder)))
}

fn findings(file: &File, wrong: impl Fn(&Line) -> Option<String>, remedy: &'static str) -> Vec<Finding> {
    let lines = file.source.shipped().iter().enumerate();
    lines.filter_map(|(at, line)| Some(file.finding(at + 1, wrong(line)?, remedy))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(code: &str) -> Line {
        Line { code: code.into(), ..Line::default() }
    }

    fn places(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.place.as_str()).collect()
    }

    #[test]
    fn fences_that_do_not_run_are_found() {
        assert_eq!(unrun_fence("    /// ```rust,ignore"), Some("ignore"));
        assert_eq!(unrun_fence("//! ```no_run"), Some("no_run"));
        assert_eq!(unrun_fence("```ignore-wasm32"), Some("ignore-wasm32"));
        for runs in ["/// ```", "```sh", "/// ```text", "/// no_run and `ignore`", "```should_panic"] {
            assert_eq!(unrun_fence(runs), None);
        }
    }

    #[test]
    fn leftovers_are_found_in_code_and_comments_but_not_in_texts() {
        let text = ["// FIX", "ME: later\nto", "do!();\nf(\"TO", "DO\");\n#[ig", "nore]\n"].concat();
        assert_eq!(places(&file_leftovers(&File::new("a.rs", &text))), ["a.rs:1", "a.rs:2", "a.rs:4"]);
        assert_eq!(places(&file_leftovers(&File::new("a.md", "x\n- TO\u{200d}DO\n"))), [""; 0]);
        assert_eq!(places(&file_leftovers(&File::new("a.md", &["x\n- TO", "DO list"].concat()))), ["a.md:2"]);
    }

    #[test]
    fn panics_are_found_unless_clippy_was_told() {
        let text = "\
fn a() {
    b().unwrap();
}
#[expect(clippy::panic, reason = \"shapes\")]
fn c() {
    panic!(\"shape\");
}
fn d() {
    e
        .expect(\"f\"); // g.unwrap()
    debug_assert!(true, \"no .unwrap()\");
    h.unwrap_or(1);
}
#[cfg(test)]
mod tests {
    fn i() { j.unwrap(); }
}
";
        assert_eq!(places(&file_panics(&File::new("a/src/a.rs", text))), ["a/src/a.rs:2", "a/src/a.rs:10"]);
        let told = format!("#![allow(clippy::unwrap_used)]\n{text}");
        assert_eq!(places(&file_panics(&File::new("a/src/a.rs", &told))), [""; 0]);
    }

    #[test]
    fn the_outside_world_is_found() {
        let world = |code| outside_world(&line(code));
        assert_eq!(world("use std::fs::File;").as_deref(), Some("std::fs"));
        assert_eq!(world("use std::{fmt, time::Instant};").as_deref(), Some("std::time"));
        assert_eq!(world("std::thread::scope(|s| {").as_deref(), Some("std::thread"));
        assert_eq!(world("let x = image::open(y);").as_deref(), Some("image"));
        for inside in
            ["use std::fmt;", "std::iter::repeat_n(x, n)", "use crate::image::Grid;", "std::f64::consts::PI"]
        {
            assert_eq!(world(inside), None);
        }
    }

    #[test]
    fn devices_are_the_callers() {
        for call in ["Device::default()", "device.configure(x)", "Device::seed(d, 1)", "x.device().seed(7)"] {
            assert!(device_call(&line(call)).is_some(), "{call}");
        }
        for call in ["request.seed(7)", "Config::default()", "builder.configure(x)", "Device::flex()"] {
            assert_eq!(device_call(&line(call)), None);
        }
    }
}
