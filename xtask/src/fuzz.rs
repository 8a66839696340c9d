//! `cargo xtask fuzz`: libFuzzer on every kind of file that is read, built with the stable toolchain.

mod instrument;

use std::fs;
use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::Failure;
use crate::arguments::{self, usage};

pub(crate) use instrument::compile;

pub(crate) const ABOUT: &str = "look for files that make a reader panic or take without bound: fuzz [TARGET]... [--seconds N], \
     or fuzz TARGET FILE... to try files again";

const CORPUS: &str = "omnigen2-pipeline/fuzz/corpus";
const PROGRAM: &str = "omnigen2-fuzz";
/// The variable by which the program learns its target.
const CHOICE: &str = "OMNIGEN2_FUZZ_TARGET";
const SECONDS: u64 = 60;
/// How long each target runs among the checks of a change.
const BRIEFLY: u64 = 10;

/// What an input may be and take: its bytes, the seconds it takes to read and the mebibytes that all may take.
const LIMITS: [&str; 3] = ["-max_len=65536", "-timeout=20", "-rss_limit_mb=3072"];

#[derive(Debug)]
struct Settings {
    targets: Vec<String>,
    /// Inputs to be tried once in place of new ones.
    files: Vec<PathBuf>,
    seconds: u64,
}

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let shell = Shell::new()?;
    let root = cmd!(shell, "git rev-parse --show-toplevel").quiet().read()?;
    let all = targets(Path::new(&root))?;
    let settings = parse(arguments, &all)?;
    let files = settings.files.iter().map(std::path::absolute).collect::<Result<_, _>>()?;
    shell.change_dir(root);
    fuzz(&shell, Settings { files, ..settings })
}

/// Every target for a short while.
pub(crate) fn brief(shell: &Shell) -> Result<(), Failure> {
    let targets = targets(&shell.current_dir())?;
    fuzz(shell, Settings { targets, files: vec![], seconds: BRIEFLY })
}

/// The names of the folders of seeds.
fn targets(root: &Path) -> Result<Vec<String>, Failure> {
    let names = fs::read_dir(root.join(CORPUS))?.map(|entry| Ok(entry?.file_name()));
    let names: Vec<_> = names.collect::<Result<_, std::io::Error>>()?;
    let mut names: Vec<_> = names.into_iter().filter_map(|name| name.into_string().ok()).collect();
    names.sort();
    Ok(names)
}

fn parse(arguments: &[String], all: &[String]) -> Result<Settings, Failure> {
    let mut settings = Settings { targets: vec![], files: vec![], seconds: SECONDS };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--seconds" => {
                let value = arguments::value(argument, &mut rest)?;
                let seconds = value.parse().ok().filter(|&seconds| seconds > 0);
                settings.seconds = seconds
                    .ok_or_else(|| usage(format!("--seconds is a whole number above 0, not {value}")))?;
            }
            option if option.starts_with('-') => return Err(usage(format!("fuzz has no option {option}"))),
            name if all.iter().any(|target| target == name) => settings.targets.push(name.into()),
            file if Path::new(file).is_file() => settings.files.push(file.into()),
            other => {
                return Err(usage(format!(
                    "`{other}` is no file, nor a target, which is one of {}",
                    all.join(", ")
                )));
            }
        }
    }
    if !settings.files.is_empty() && settings.targets.len() != 1 {
        return Err(usage("files are tried by one target: name it".into()));
    }
    if settings.targets.is_empty() {
        settings.targets = all.to_vec();
    }
    Ok(settings)
}

fn fuzz(shell: &Shell, settings: Settings) -> Result<(), Failure> {
    let folder = target_folder().join("fuzz");
    let program = build(shell, &folder)?;
    let mut failed = vec![];
    for target in &settings.targets {
        println!("\n-- {target}");
        let scratch = scratch()?;
        let command = cmd!(shell, "{program}").env(CHOICE, target).env("TMPDIR", scratch.path()).args(LIMITS);
        let command = if settings.files.is_empty() {
            let [grown, findings] = ["corpus", "findings"].map(|kind| folder.join(kind).join(target));
            fs::create_dir_all(&grown)?;
            fs::create_dir_all(&findings)?;
            let seeds = Path::new(CORPUS).join(target);
            let seconds = settings.seconds;
            let prefix = format!("-artifact_prefix={}/", findings.display());
            let command = command.arg(format!("-max_total_time={seconds}")).arg(prefix);
            command.arg("-print_final_stats=1").arg(grown).arg(seeds)
        } else {
            command.args(&settings.files)
        };
        if command.quiet().run().is_err() {
            failed.push(target.as_str());
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    let place = folder.join("findings");
    Err(Failure::Work(format!(
        "{} came to an end before their time; inputs at fault are below {}, and `cargo xtask fuzz TARGET FILE` tries one \
         again",
        failed.join(", "),
        place.display()
    )))
}

/// Builds the program beside the ordinary builds.
fn build(shell: &Shell, folder: &Path) -> Result<PathBuf, Failure> {
    let about = cmd!(shell, "rustc -vV").quiet().read()?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or_else(|| Failure::Work("rustc does not say what it is for".into()))?;
    let cargo = cmd!(shell, "cargo build --profile fuzz --target {host} --target-dir {folder}");
    instrument::instrumented(cargo.args(["--package", PROGRAM, "--features", "engine"]))?.run()?;
    Ok(folder.join(host).join("fuzz").join(PROGRAM))
}

fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from)
}

/// Where inputs are written: in memory, where the system offers that.
fn scratch() -> Result<tempfile::TempDir, Failure> {
    let memory = Path::new("/dev/shm");
    Ok(if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Settings, String> {
        fn parse_some(arguments: &[String]) -> Result<Settings, Failure> {
            parse(arguments, &["pictures".into(), "recipes".into()])
        }
        arguments::parsed(parse_some, arguments)
    }

    #[test]
    fn every_target_is_fuzzed_unless_named() {
        let all = parsed(&[]).unwrap();
        assert_eq!((all.targets.len(), all.seconds), (2, SECONDS));
        let one = parsed(&["recipes", "--seconds", "5"]).unwrap();
        assert_eq!((one.targets, one.seconds), (vec!["recipes".to_owned()], 5));
        let again = parsed(&["pictures", "Cargo.toml"]).unwrap();
        assert_eq!(again.files, [Path::new("Cargo.toml")]);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (arguments, part) in [
            (&["--seconds"][..], "--seconds needs"),
            (&["--seconds", "0"], "not 0"),
            (&["videos"], "pictures, recipes"),
            (&["Cargo.toml"], "one target"),
            (&["--fast"], "--fast"),
        ] {
            let message = parsed(arguments).err().unwrap();
            assert!(message.contains(part), "{message}");
        }
    }
}
