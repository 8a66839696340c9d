//! `cargo xtask compare`: our networks beside plain PyTorch modules, on this machine and in one run.

use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use serde_json::json;
use xshell::{Shell, cmd};

use crate::Failure;
use crate::arguments::{self, one_of, usage};

mod cases;
mod difference;
mod measure;
mod side;
mod table;

use cases::{CASES, Case};
use measure::Measured;
use side::{PyTorch, Sides};

pub(crate) const ABOUT: &str = "time our networks beside PyTorch's: compare --python PATH [--only CASE]... [--rounds N] \
     [--threads N] [--json FILE]";

struct Settings {
    python: PathBuf,
    rounds: usize,
    threads: usize,
    cases: Vec<&'static Case>,
    json: Option<PathBuf>,
}

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let settings = parse(arguments)?;
    let shell = Shell::new()?;
    let root = PathBuf::from(cmd!(shell, "git rev-parse --show-toplevel").quiet().read()?);
    shell.change_dir(&root);
    let pytorch = PyTorch::find(&settings.python)?;
    let ours = side::build(&shell)?;
    let script = root.join("benches/compare/side.py");
    let sides = Sides { ours, pytorch, script, threads: settings.threads };
    print!("{}", table::head(&sides, settings.rounds));
    let mut all = Vec::new();
    for case in &settings.cases {
        let measured = measure::measure(case, &sides, settings.rounds)?;
        println!("{}", table::row(&measured));
        all.push(measured);
    }
    print!("{}", table::foot(&all));
    if let Some(path) = &settings.json {
        write(path, &all, &sides)?;
    }
    differing(&all)
}

/// Both sides must have done the same work.
fn differing(all: &[Measured]) -> Result<(), Failure> {
    let wrong: Vec<&str> = all.iter().filter(|m| !m.agrees()).map(|m| m.case.name).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let most = measure::TOLERANCE;
    let text = "differs from PyTorch's in F32 by more than that of its largest number";
    Err(Failure::Work(format!("the result of {} {text}, {most}", wrong.join(", "))))
}

fn write(path: &Path, all: &[Measured], sides: &Sides) -> Result<(), Failure> {
    let cases: Vec<_> = all.iter().map(Measured::json).collect();
    let value = json!({ "threads": sides.threads, "torch": sides.pytorch.version, "cases": cases });
    let failed = |e| Failure::Work(format!("cannot write {}: {e}", path.display()));
    std::fs::write(path, format!("{value:#}\n")).map_err(failed)
}

fn parse(arguments: &[String]) -> Result<Settings, Failure> {
    let mut python = None;
    let mut settings = Settings {
        python: PathBuf::new(),
        rounds: 5,
        threads: available_parallelism()?.get(),
        cases: Vec::new(),
        json: None,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || arguments::value(argument, &mut rest);
        match argument.as_str() {
            "--python" => python = Some(PathBuf::from(value()?)),
            "--rounds" => settings.rounds = count(argument, value()?)?,
            "--threads" => settings.threads = count(argument, value()?)?,
            "--only" => settings.cases.push(one_of(argument, value()?, CASES, |one| one.name)?),
            "--json" => settings.json = Some(value()?.into()),
            other => return Err(usage(format!("compare does not know `{other}`"))),
        }
    }
    settings.python =
        python.ok_or_else(|| usage("compare needs --python PATH, one that has torch".into()))?;
    if settings.cases.is_empty() {
        settings.cases = CASES.iter().collect();
    }
    Ok(settings)
}

fn count(option: &str, value: &str) -> Result<usize, Failure> {
    let wrong = || usage(format!("{option} is a number from 1, not {value}"));
    value.parse().ok().filter(|&count| count > 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Settings, String> {
        arguments::parsed(parse, arguments)
    }

    #[test]
    fn all_cases_are_compared_unless_named() {
        let all = parsed(&["--python", "python3"]).unwrap();
        assert_eq!((all.cases.len(), all.rounds), (CASES.len(), 5));
        let one = parsed(&["--python", "p", "--only", "decode", "--rounds", "3"]).unwrap();
        assert_eq!((one.cases[0].name, one.cases.len(), one.rounds), ("decode", 1, 3));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (arguments, part) in [
            (&[][..], "--python PATH"),
            (&["--python"], "--python needs"),
            (&["--python", "p", "--rounds", "0"], "from 1, not 0"),
            (&["--python", "p", "--only", "sleep"], "not sleep"),
            (&["--fast"], "--fast"),
        ] {
            let message = parsed(arguments).err().unwrap();
            assert!(message.contains(part), "{message}");
        }
    }
}
