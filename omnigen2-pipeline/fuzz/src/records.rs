//! What a run of training remembers.

use burn::module::Module;
use burn::prelude::*;
use omnigen2_pipeline::Checkpoint;
use omnigen2_train::{Example, Networks, Objective, Recipe, Result as Trained, Settings, Trainer};
use omnigen2_vae::VaeConfig;

use crate::{Failure, Reader, Scratch};

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/tiny-checkpoint");

/// States of a run in which the smallest autoencoder learns.
pub(crate) fn records(scratch: Scratch) -> Result<Reader, Failure> {
    let recipe = recipe(&scratch)?;
    let device = Device::flex().autodiff();
    let checkpoint = Checkpoint::open(&recipe.checkpoint)?;
    let networks = Networks { vae: Some(smallest().init(&device)), transformer: None, mllm: None, vit: None };
    let networks = networks.set_require_grad(true);
    Ok(Box::new(move |bytes| {
        let path = scratch.write("state.safetensors", bytes)?;
        let objective = Objective::of(&recipe, &checkpoint, &device)?;
        let none = std::iter::empty::<Trained<Example>>();
        let trainer = Trainer::new(Settings::of(&recipe), objective, networks.clone(), none);
        if let Ok(mut trainer) = trainer.resume(&path) {
            let _ = trainer.averaged();
            trainer.save(&scratch.write("again.safetensors", b"")?)?;
        }
        Ok(())
    }))
}

fn recipe(scratch: &Scratch) -> Result<Recipe, Failure> {
    let text = format!(
        "checkpoint = {TINY:?}\nout = \"out\"\nlearn = [\"vae\"]\nsteps = 10\nbatch = 1\n\
         [examples.shapes]\ntext_to_image = 1\n"
    );
    Ok(Recipe::read(scratch.write("recipe.toml", text.as_bytes())?)?)
}

fn smallest() -> VaeConfig {
    VaeConfig {
        latent_channels: 1,
        block_out_channels: vec![1],
        layers_per_block: 1,
        norm_num_groups: 1,
        mid_block_add_attention: false,
        ..VaeConfig::flux()
    }
}
