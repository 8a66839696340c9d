//! Runs that are killed at every change of their files, and begun again.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::prelude::Device;
use omnigen2_pipeline::files::faults::stopping_at;
use omnigen2_train::{Recipe, Result, Run};

/// More changes of files than any of these runs makes.
const MOST_CHANGES: usize = 2000;
const VALIDATION: &str = "[validation]\nevery = 1\nprompts = [\"a red circle\"]\n\
     settings = { steps = 1, size = { width = 32, height = 32 } }\n";

fn recipe(folder: &Path, checkpoint: &str, text: &str) -> Recipe {
    let checkpoint = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(checkpoint);
    let text = format!(
        "checkpoint = {checkpoint:?}\nout = {:?}\nsteps = 2\nbatch = 1\ngather = 2\nseed = 3\nsave_every = 1\n{text}",
        folder.join("out")
    );
    let path = folder.join("recipe.toml");
    fs::write(&path, text).unwrap();
    Recipe::read(&path).unwrap()
}

fn follow(recipe: &Recipe) -> Result<()> {
    Run::begin(recipe.clone(), &Device::flex())?.try_for_each(|progress| progress.map(|_| ()))
}

/// All files below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

fn ends_as_if_undisturbed(recipe: &Recipe) {
    follow(recipe).unwrap();
    let whole = files(&recipe.out);
    for change in 0.. {
        assert!(change < MOST_CHANGES, "a run makes more than {MOST_CHANGES} changes");
        fs::remove_dir_all(&recipe.out).unwrap();
        if let Some(ended) = stopping_at(change, || follow(recipe)) {
            return ended.unwrap();
        }
        follow(recipe).unwrap();
        let found = files(&recipe.out);
        assert_eq!(found.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>(), "at change {change}");
        let other = found.iter().find(|(path, bytes)| whole[*path] != **bytes);
        assert_eq!(other.map(|(path, _)| path), None, "at change {change}");
    }
}

#[test]
fn a_transformer_with_pictures_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "learn = [\"transformer\"]\n[rate]\nwarm_up = 1\n[examples.shapes]\ntext_to_image = 1\n{VALIDATION}"
    );
    ends_as_if_undisturbed(&recipe(folder.path(), "tests/fixtures/tiny-checkpoint", &text));
}

#[test]
fn adapters_with_pictures_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "learn = [\"transformer\"]\nlora = {{ rank = 2, alpha = 2, targets = [\"to_q\"] }}\n[rate]\nwarm_up = 1\n\
         [examples.shapes]\ntext_to_image = 1\n{VALIDATION}"
    );
    ends_as_if_undisturbed(&recipe(folder.path(), "tests/fixtures/tiny-checkpoint", &text));
}

#[test]
fn an_autoencoder() {
    let folder = tempfile::tempdir().unwrap();
    let text = "learn = [\"vae\"]\nfresh = [\"vae\"]\n[rate]\nwarm_up = 1\n[examples.shapes]\npictures = 1\n";
    ends_as_if_undisturbed(&recipe(folder.path(), "shapes/base", text));
}
