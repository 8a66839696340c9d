//! Recipes: the limits of their settings, and their way through TOML.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use burn::prelude::Device;
use omnigen2_train::{Recipe, Run};

fn shapes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shapes")
}

fn read(text: &str) -> Result<Recipe, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recipe.toml");
    let common = "checkpoint = \"a\"\nout = \"b\"\nlearn = [\"transformer\"]\nsteps = 2";
    fs::write(&path, format!("{common}\n{text}")).unwrap();
    Recipe::read(&path).map_err(|error| error.to_string())
}

#[test]
fn an_impossible_number_is_named_with_what_is_expected() {
    let shapes = "[examples.shapes]\nedit = 1\n";
    read(&format!("batch = 1\n{shapes}")).unwrap();
    read(&format!("batch = 1\n{shapes}[optimiser]\nclip_norm = inf\n")).unwrap();
    for (section, key, numbers) in [
        ("rate", "peak", "nan inf 0 -1"),
        ("rate", "least", "nan inf -1"),
        ("optimiser", "beta1", "nan 1 -1"),
        ("optimiser", "beta2", "nan 1 -1"),
        ("optimiser", "epsilon", "nan inf 0"),
        ("optimiser", "weight_decay", "nan inf -1"),
        ("optimiser", "clip_norm", "nan 0 -inf"),
        ("optimiser", "muon", "nan 1 -1"),
        ("weights", "edges", "nan inf -1"),
        ("weights", "divergence", "nan inf -1"),
        ("weights", "prompt_dropout", "nan inf -1 1.5"),
        ("weights", "reference_dropout", "nan inf -1 1.5"),
        ("times", "location", "nan inf -inf"),
        ("times", "scale", "nan inf -1"),
    ] {
        for number in numbers.split(' ') {
            let error = read(&format!("batch = 1\n{shapes}[{section}]\n{key} = {number}\n")).unwrap_err();
            assert!(error.starts_with(&format!("{section}.{key}: expected")), "{error}");
            assert!(error.to_lowercase().contains(&format!("found {number}")), "{error}");
        }
    }
    for (text, key) in [
        ("batch = 1000000", "batch"),
        ("batch = 1\naccumulate = 1000000", "accumulate"),
        ("batch = 1\ngather = 1000000", "gather"),
        ("batch = 4096\ngather = 65536", "gather"),
        ("batch = 1\naverage = nan", "average"),
        ("batch = 1\nsave_every = 0", "save_every"),
    ] {
        let error = read(&format!("{text}\n{shapes}")).unwrap_err();
        assert!(error.starts_with(&format!("{key}: expected")) && error.contains("found"), "{error}");
    }
}

#[test]
fn shares_are_numbers_of_which_one_is_above_0() {
    for shares in
        ["edit = -1\ntalk = 2", "talk = nan", "botch = inf", "", "edit = 0.0", "edit = 1e308\ntalk = 1e308"]
    {
        let error = read(&format!("batch = 1\n[examples.shapes]\n{shares}")).unwrap_err();
        assert!(error.starts_with("examples.shapes") && error.contains("expected"), "{error}");
    }
    let both = |share: &str| {
        format!("batch = 1\n[examples.both]\nfile = \"c\"\nshare = {share}\n[examples.both.shapes]\nedit = 1")
    };
    read(&both("0.5")).unwrap();
    for share in ["nan", "-0.1", "1"] {
        assert!(read(&both(share)).unwrap_err().starts_with("examples.both.share: expected"), "{share}");
    }
}

#[test]
fn an_idle_part_is_called_as_a_recipe_calls_it() {
    let error = read("batch = 1\nfresh = [\"vae\"]\n[examples.shapes]\nedit = 1").unwrap_err();
    assert!(error.starts_with("fresh: vae begins anew"), "{error}");
}

#[test]
fn settings_of_validation_are_checked_before_a_run_begins() {
    let text = "batch = 1\n[examples.shapes]\nedit = 1\n[validation]\nevery = 9\nprompts = []\nsettings = { steps = 0 }";
    assert!(read(text).unwrap_err().starts_with("validation.settings: "));
}

#[test]
fn recipes_go_through_toml_and_back() {
    let mut count = 0;
    for entry in fs::read_dir(shapes()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "Cargo.toml" || !name.ends_with(".toml") {
            continue;
        }
        let recipe = Recipe::read(&path).unwrap();
        let text = toml::to_string(&recipe).unwrap();
        assert_eq!(toml::from_str::<Recipe>(&text).unwrap(), recipe, "{name}");
        count += 1;
    }
    assert_eq!(count, 6);
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused_without_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let is_refused =
        |error: String| assert!(error.contains("pipe") && error.contains("named pipe"), "{error}");
    is_refused(Recipe::read(&pipe).unwrap_err().to_string());
    assert!(Recipe::read("/dev/zero").is_err());
    let text = format!("batch = 1\n[examples]\nfile = {pipe:?}");
    let recipe = Recipe {
        checkpoint: shapes().join("../tests/fixtures/tiny-checkpoint"),
        out: folder.path().join("out"),
        ..read(&text).unwrap()
    };
    is_refused(Run::begin(recipe, &Device::flex()).unwrap_err().to_string());
}
