//! `cargo xtask tidy`: the rules of this repository that no compiler knows.

use std::fmt;

use xshell::Shell;

use crate::Failure;

mod code;
mod crates;
mod docs;
mod file;
mod files;
mod house;
mod imports;
mod manifest;
mod repository;
mod rust;

pub(crate) use repository::Repository;

pub(crate) const ABOUT: &str = "check crate edges, features, file lengths and the other rules of the house";

/// Something that breaks a rule: where, what, and what to do about it.
#[derive(Debug)]
pub(crate) struct Finding {
    place: String,
    wrong: String,
    remedy: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    {}", self.place, self.wrong, self.remedy)
    }
}

type Check = fn(&Repository) -> Vec<Finding>;

const CHECKS: &[Check] = &[
    crates::edges,
    crates::burn_backends,
    crates::burn_parts,
    crates::forwarded_features,
    crates::descriptions,
    files::folders,
    files::lengths,
    files::sizes,
    files::outside_paths,
    files::embedded,
    code::doc_examples,
    code::leftovers,
    code::panics,
    code::purity,
    code::devices,
    docs::first_lines,
    house::circles,
    house::floors,
    house::crates,
];

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    match arguments {
        [] => check(&Shell::new()?),
        _ => Err(Failure::Usage("`tidy` takes no arguments".into())),
    }
}

/// Runs every check on the repository of the current directory and prints what it finds.
pub(crate) fn check(shell: &Shell) -> Result<(), Failure> {
    let repository = Repository::read(shell)?;
    let findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(&repository)).collect();
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: {} files, nothing to remark", repository.files().len());
        return Ok(());
    }
    Err(Failure::Work(format!("tidy found {} things to mend", findings.len())))
}
