//! `cargo xtask synth`: a checkpoint of the published size and layout without a download.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Failure;
use crate::arguments::{self, one_of, usage};

mod component;
mod values;
mod write;

use component::{COMPONENTS, Component};
use values::Precision;

pub(crate) const ABOUT: &str = "write a checkpoint of the published size: synth OUT [--dtype f32|bf16] [--component NAME]... \
     [--tokenizer FILE]";

/// The tokenizer of the test checkpoint: its tokens are in the published vocabulary, but their numbers are not the
/// published ones.
const TEST_TOKENIZER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../omnigen2-pipeline/tests/fixtures/tiny-checkpoint/processor/tokenizer.json"
);

struct Settings {
    out: PathBuf,
    precision: Precision,
    components: Vec<&'static Component>,
    tokenizer: Option<PathBuf>,
}

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let settings = parse(arguments)?;
    for component in &settings.components {
        write::component(component, settings.precision, &settings.out)?;
    }
    write::text(&settings.out.join("model_index.json"), component::MODEL_INDEX)?;
    write::text(&settings.out.join("scheduler/scheduler_config.json"), component::SCHEDULER)?;
    processor(&settings.out.join("processor"), settings.tokenizer.as_deref())
}

fn processor(folder: &Path, tokenizer: Option<&Path>) -> Result<(), Failure> {
    write::text(&folder.join("preprocessor_config.json"), component::PREPROCESSOR)?;
    let source = tokenizer.unwrap_or(Path::new(TEST_TOKENIZER));
    let text = fs::read_to_string(source)
        .map_err(|e| Failure::Work(format!("cannot read the tokenizer {}: {e}", source.display())))?;
    write::text(&folder.join("tokenizer.json"), &text)?;
    if tokenizer.is_none() {
        println!(
            "the tokenizer is that of the tests, which can draw but not chat; --tokenizer gives another"
        );
    }
    Ok(())
}

fn parse(arguments: &[String]) -> Result<Settings, Failure> {
    let mut settings =
        Settings { out: PathBuf::new(), precision: Precision::F32, components: Vec::new(), tokenizer: None };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || arguments::value(argument, &mut rest);
        match argument.as_str() {
            "--dtype" => settings.precision = precision(value()?)?,
            "--component" => {
                settings.components.push(one_of(argument, value()?, &COMPONENTS, |one| one.folder)?)
            }
            "--tokenizer" => settings.tokenizer = Some(value()?.into()),
            option if option.starts_with('-') => return Err(usage(format!("synth has no option {option}"))),
            out if settings.out.as_os_str().is_empty() => settings.out = out.into(),
            more => return Err(usage(format!("synth writes to one folder, and `{more}` is a second"))),
        }
    }
    if settings.out.as_os_str().is_empty() {
        return Err(usage("synth needs a folder to write to".into()));
    }
    if settings.components.is_empty() {
        settings.components = COMPONENTS.iter().collect();
    }
    Ok(settings)
}

fn precision(name: &str) -> Result<Precision, Failure> {
    match name {
        "f32" => Ok(Precision::F32),
        "bf16" => Ok(Precision::Bf16),
        _ => Err(usage(format!("--dtype is f32 or bf16, not {name}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Settings, String> {
        arguments::parsed(parse, arguments)
    }

    #[test]
    fn everything_is_written_unless_named() {
        let all = parsed(&["out"]).unwrap();
        assert_eq!((all.components.len(), all.precision), (3, Precision::F32));
        let one = parsed(&["--component", "vae", "out", "--dtype", "bf16"]).unwrap();
        assert_eq!((one.components[0].folder, one.precision), ("vae", Precision::Bf16));
        assert_eq!(one.out, Path::new("out"));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (arguments, part) in [
            (&[][..], "a folder"),
            (&["a", "b"], "`b`"),
            (&["a", "--dtype", "f8"], "f8"),
            (&["a", "--dtype"], "--dtype needs"),
            (&["a", "--component", "unet"], "transformer, mllm, vae, not unet"),
            (&["a", "--fast"], "--fast"),
        ] {
            let message = parsed(arguments).err().unwrap();
            assert!(message.contains(part), "{message}");
        }
    }
}
