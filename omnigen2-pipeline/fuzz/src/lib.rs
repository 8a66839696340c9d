//! What is fuzzed: each [`Target`] reads bytes as one kind of file, by the door through which users give such files.
//!
//! A target may refuse its input, for that is what most inputs are for; it must not panic, hang or take memory without
//! bound. `cargo xtask fuzz` runs them under libFuzzer, the tests of this crate on the seeds in `corpus/`.

mod checkpoint;
mod files;
mod gguf;
mod records;
mod scratch;

use std::error::Error;

pub use scratch::Scratch;

/// The environment variable that names the target of the fuzzing program.
pub const CHOICE: &str = "OMNIGEN2_FUZZ_TARGET";

/// The reason why a target could not be run, which says nothing about its input.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Reads one input after the other.
pub type Reader = Box<dyn Fn(&[u8]) -> Result<(), Failure>>;

/// A kind of file.
pub struct Target {
    /// The target's name on the command line, and that of the folder of its seeds.
    pub name: &'static str,
    begin: fn(Scratch) -> Result<Reader, Failure>,
}

/// All targets, by name.
pub const TARGETS: [Target; 8] = [
    Target { name: "configs", begin: checkpoint::configs },
    Target { name: "gguf", begin: gguf::gguf },
    Target { name: "headers", begin: files::headers },
    Target { name: "metadata", begin: files::metadata },
    Target { name: "pictures", begin: files::pictures },
    Target { name: "recipes", begin: files::recipes },
    Target { name: "records", begin: records::records },
    Target { name: "tokenizers", begin: files::tokenizers },
];

impl Target {
    /// The target of this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn named(name: &str) -> Result<&'static Self, Failure> {
        let names = TARGETS.map(|target| target.name).join(", ");
        let found = TARGETS.iter().find(|target| target.name == name);
        found.ok_or_else(|| format!("the target is one of {names}, not `{name}`").into())
    }

    /// Prepares the target, with a folder of its own to work in.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn begin(&self) -> Result<Reader, Failure> {
        (self.begin)(Scratch::new()?)
    }
}
