//! The compiler of the fuzzing program: rustc, which counts edges and comparisons for libFuzzer in the crates that read
//! files and in no others, so that neither building nor fuzzing pays for networks.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use xshell::Cmd;

use crate::Failure;

/// Tells this program that cargo calls it in place of rustc.
const IN_PLACE: &str = "OMNIGEN2_XTASK_IS_RUSTC";

/// The crates that read what users give, as rustc calls them.
const READERS: [&str; 29] = [
    "fax",
    "fdeflate",
    "flate2",
    "gif",
    "image",
    "image_webp",
    "miniz_oxide",
    "omnigen2_dit",
    "omnigen2_files",
    "omnigen2_fuzz",
    "omnigen2_gguf",
    "omnigen2_mllm",
    "omnigen2_pipeline",
    "omnigen2_train",
    "omnigen2_vae",
    "omnigen2_vit",
    "png",
    "safetensors",
    "serde_json",
    "serde_yaml_ng",
    "spm_precompiled",
    "tiff",
    "tokenizers",
    "toml",
    "toml_parser",
    "weezl",
    "winnow",
    "zune_core",
    "zune_jpeg",
];

/// What makes them count; `fuzzing` makes decoders pass over checksums.
const FLAGS: [&str; 8] = [
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// Lets cargo call this program in place of rustc.
pub(super) fn instrumented(cargo: Cmd<'_>) -> Result<Cmd<'_>, Failure> {
    Ok(cargo.env("RUSTC_WRAPPER", std::env::current_exe()?).env(IN_PLACE, "1"))
}

/// Compiles, if cargo called this program in place of rustc.
pub(crate) fn compile() -> Option<ExitCode> {
    std::env::var_os(IN_PLACE)?;
    let mut arguments = std::env::args_os().skip(1);
    let mut rustc = Command::new(arguments.next()?);
    let arguments: Vec<_> = arguments.collect();
    let flags = flags(&arguments);
    let status = rustc.args(arguments).args(flags).status();
    Some(if status.is_ok_and(|status| status.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What a crate is compiled with besides. What runs during the build is no part of the program: cargo names a target for
/// that alone which is.
fn flags(arguments: &[OsString]) -> &'static [&'static str] {
    let name = arguments.iter().position(|argument| argument == "--crate-name");
    let name = name.and_then(|at| arguments.get(at + 1)).and_then(|name| name.to_str());
    let is_part = arguments.iter().any(|argument| argument == "--target");
    if is_part && name.is_some_and(|name| READERS.contains(&name)) { &FLAGS } else { &[] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_of_the_program_count_and_nothing_else_does() {
        let flags = |line: &str| flags(&line.split(' ').map(OsString::from).collect::<Vec<_>>()).len();
        assert_eq!(flags("--crate-name png lib.rs --target x86_64"), FLAGS.len());
        assert_eq!(flags("--crate-name png lib.rs"), 0);
        assert_eq!(flags("--crate-name burn lib.rs --target x86_64"), 0);
        assert_eq!(flags("-vV"), 0);
    }
}
