//! `cargo xtask ci`: everything that must hold before a change is merged.

mod software_gpu;

use std::time::Instant;

use xshell::{Shell, cmd};

use crate::Failure;
use crate::fuzz;
use crate::tidy::{self, Repository};

pub(crate) const ABOUT: &str =
    "run all checks; --quick without fuzzing, backends and packages, --skip STEP without one";

/// The largest package a registry should be sent.
const PACKAGE_BYTES: u64 = 10_000_000;

struct Step {
    name: &'static str,
    stage: Stage,
    work: Work,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Quick,
    /// A minute of fuzzing, which needs a C++ compiler and a build of its own.
    Fuzz,
    /// Backends this machine need not have: wgpu runs on drivers in software, the others are compiled.
    Backends,
    Packages,
}

enum Work {
    Cargo(&'static str),
    CargoWith { variable: [&'static str; 2], arguments: &'static str },
    Own(fn(&Shell) -> Result<(), Failure>),
}

const STEPS: &[Step] = &[
    Step { name: "tidy", stage: Stage::Quick, work: Work::Own(tidy::check) },
    Step { name: "format", stage: Stage::Quick, work: Work::Cargo("fmt --all --check") },
    Step {
        name: "clippy",
        stage: Stage::Quick,
        work: Work::Cargo("clippy --release --workspace --all-targets -- -D warnings"),
    },
    Step {
        name: "doc",
        stage: Stage::Quick,
        work: Work::CargoWith {
            variable: ["RUSTDOCFLAGS", "-D warnings"],
            arguments: "doc --release --workspace --no-deps",
        },
    },
    Step { name: "test", stage: Stage::Quick, work: Work::Cargo("test --release --workspace") },
    Step { name: "fuzz", stage: Stage::Fuzz, work: Work::Own(fuzz::brief) },
    Step { name: "wgpu", stage: Stage::Backends, work: Work::Own(software_gpu::run) },
    Step {
        name: "cuda",
        stage: Stage::Backends,
        work: Work::CargoWith {
            variable: ["DOCS_RS", "1"],
            arguments: "check --release --package omnigen2-pipeline --features cuda",
        },
    },
    Step { name: "package", stage: Stage::Packages, work: Work::Own(package) },
];

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let mut selection = Selection::parse(arguments)?;
    if std::env::var("CI_BACKENDS").is_ok_and(|value| value == "0") {
        selection.left_out.push(Stage::Backends);
    }
    let shell = Shell::new()?;
    let root = cmd!(shell, "git rev-parse --show-toplevel").quiet().read()?;
    shell.change_dir(root);

    let start = Instant::now();
    for step in STEPS.iter().filter(|step| selection.holds(step)) {
        step.run(&shell)?;
    }
    println!("\n== ci passed in {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

impl Step {
    fn run(&self, shell: &Shell) -> Result<(), Failure> {
        println!("\n== {}", self.name);
        let start = Instant::now();
        let result = match self.work {
            Work::Cargo(arguments) => cargo(shell, arguments).run().map_err(Failure::from),
            Work::CargoWith { variable: [name, value], arguments } => {
                cargo(shell, arguments).env(name, value).run().map_err(Failure::from)
            }
            Work::Own(work) => work(shell),
        };
        println!("== {} took {:.1} s", self.name, start.elapsed().as_secs_f64());
        result
    }
}

fn cargo<'a>(shell: &'a Shell, arguments: &str) -> xshell::Cmd<'a> {
    shell.cmd("cargo").args(arguments.split_whitespace())
}

/// What is not to be run.
struct Selection {
    left_out: Vec<Stage>,
    skipped: Vec<String>,
}

impl Selection {
    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut selection = Self { left_out: vec![], skipped: vec![] };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => selection.left_out.extend([Stage::Fuzz, Stage::Backends, Stage::Packages]),
                "--skip" => selection.skipped.push(step_name(arguments.next())?),
                other => return Err(Failure::Usage(format!("`ci` does not know `{other}`"))),
            }
        }
        Ok(selection)
    }

    fn holds(&self, step: &Step) -> bool {
        !self.left_out.contains(&step.stage) && !self.skipped.iter().any(|name| name == step.name)
    }
}

fn step_name(argument: Option<&String>) -> Result<String, Failure> {
    let known = argument.filter(|name| STEPS.iter().any(|step| step.name == name.as_str()));
    let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
    known.cloned().ok_or_else(|| Failure::Usage(format!("`--skip` takes one of {}", names.join(", "))))
}

/// Packages every crate that is published, as a registry would get it, and weighs its files.
fn package(shell: &Shell) -> Result<(), Failure> {
    let repository = Repository::read(shell)?;
    let crates = repository.manifests().iter().filter(|manifest| manifest.is_published());
    let mut selected = vec![];
    for manifest in crates {
        let name = manifest.name.as_str();
        let list = cmd!(shell, "cargo package --list --allow-dirty --package {name}").quiet().read()?;
        let paths: Vec<String> = list.lines().map(|path| format!("{}/{path}", manifest.folder)).collect();
        let packed = repository.files().iter().filter(|file| paths.contains(&file.path));
        let bytes: u64 = packed.map(|file| file.bytes).sum();
        println!("{name}: {} files, {bytes} bytes", paths.len());
        if bytes > PACKAGE_BYTES {
            let wrong =
                format!("the package of {name} holds {bytes} bytes, at most {PACKAGE_BYTES} are allowed");
            return Err(Failure::Work(format!("{wrong}; leave its fixtures out by `exclude`")));
        }
        selected.extend(["--package", name]);
    }
    Ok(cmd!(shell, "cargo package --no-verify --allow-dirty {selected...}").run()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(arguments: &[&str]) -> Vec<&'static str> {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.into()).collect();
        match Selection::parse(&arguments) {
            Ok(selection) => {
                STEPS.iter().filter(|step| selection.holds(step)).map(|step| step.name).collect()
            }
            Err(_) => vec![],
        }
    }

    #[test]
    fn steps_are_chosen_by_stage_and_name() {
        assert_eq!(selected(&[]).len(), STEPS.len());
        assert_eq!(selected(&["--quick", "--skip", "test"]), ["tidy", "format", "clippy", "doc"]);
    }

    #[test]
    fn unknown_arguments_are_a_matter_of_usage() {
        for arguments in [["--fast"].as_slice(), &["--skip"], &["--skip", "tests"]] {
            assert!(selected(arguments).is_empty());
        }
    }
}
