//! Autoencoders that learn, are cut off and go on.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use burn::prelude::Device;
use omnigen2_train::{Recipe, Run};

fn recipe(out: &Path) -> Recipe {
    let checkpoint = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shapes/base");
    let text = format!(
        "checkpoint = {checkpoint:?}\nout = {out:?}\nlearn = [\"vae\"]\nfresh = [\"vae\"]\nsteps = 8\nbatch = 2\n\
         accumulate = 2\nsave_every = 4\n[rate]\npeak = 2e-3\nwarm_up = 2\n[examples.shapes]\npictures = 1\n"
    );
    let path = out.join("recipe.toml");
    fs::write(&path, text).unwrap();
    Recipe::read(&path).unwrap()
}

fn follow(recipe: &Recipe, steps: usize) {
    Run::begin(recipe.clone(), &Device::flex()).unwrap().take(steps).for_each(|progress| {
        progress.unwrap();
    });
}

#[test]
fn a_scale_is_the_same_after_a_run_was_cut_off() {
    let [whole, parts] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    follow(&recipe(whole.path()), 8);
    follow(&recipe(parts.path()), 5);
    follow(&recipe(parts.path()), 8);
    for file in [
        "state.safetensors",
        "checkpoint/vae/diffusion_pytorch_model.safetensors",
        "checkpoint/vae/config.json",
    ] {
        let read = |folder: &Path| fs::read(folder.join(file)).unwrap();
        assert!(read(whole.path()) == read(parts.path()), "{file} differs");
    }
}
