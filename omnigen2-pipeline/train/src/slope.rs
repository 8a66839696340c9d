//! Gradients through whole networks, held against differences of the loss itself.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use burn::module::{Module, Param};
use burn::prelude::*;

use super::gradients::Gradients;
use super::networks::Networks;
use super::objective::Objective;
use super::random::{Generator, Purpose};
use super::world::Mixture;
use super::{Example, Part, Recipe};
use omnigen2_pipeline::Checkpoint;
use omnigen2_pipeline::weights::{ParameterMapper, Storage, map};

/// How far the weights go, against the length of the gradient.
const STEP: f64 = 2e-3;
/// What F32 losses and a step of that length leave.
const TOLERANCE: f64 = 0.03;

/// Moves the parameters below a path along their gradient.
struct Along<'a> {
    gradients: &'a Gradients,
    part: &'a str,
    scale: f64,
}

impl ParameterMapper for Along<'_> {
    fn map<const D: usize>(&mut self, path: &str, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = self.gradients.get(path).filter(|_| path.starts_with(self.part)) else {
            return parameter;
        };
        let change = gradient.clone() * self.scale;
        parameter.map(|value| {
            let dims = value.dims();
            Tensor::from_inner(value.inner() + change.reshape(dims)).require_grad()
        })
    }
}

fn networks(checkpoint: &Checkpoint, device: &Device) -> Networks {
    Networks {
        vae: None,
        transformer: None,
        mllm: Some(checkpoint.load_mllm(device, Storage::F32).unwrap()),
        vit: Some(checkpoint.load_vit(device, Storage::F32).unwrap()),
    }
    .set_require_grad(true)
}

/// How the gradient of a part and the difference of losses along it compare: 1 where they agree.
fn agreement(objective: &Objective, networks: &Networks, batch: &[Example], part: &str) -> f64 {
    let loss = |networks: &Networks| {
        objective.loss(networks, batch, &mut Generator::new(1, Purpose::Step, 0)).unwrap()
    };
    let all = Gradients::of(networks, loss(networks).backward());
    let kept = all.0.into_iter().filter(|(path, _)| path.starts_with(part)).collect();
    let gradients = Gradients(kept);
    let norm = gradients.norm();
    assert!(norm > 0.0, "{part} has no gradient");
    let at = |scale: f64| {
        let moved = map(networks.clone(), &mut Along { gradients: &gradients, part, scale });
        f64::from(loss(&moved).into_scalar::<f32>())
    };
    let scale = STEP / norm;
    (at(scale) - at(-scale)) / (2.0 * STEP * norm)
}

#[test]
fn gradients_are_the_slopes_of_the_loss() {
    let device = Device::flex().autodiff();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/tiny-checkpoint");
    let checkpoint = Checkpoint::open(&folder).unwrap();
    let mut recipe =
        Recipe::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../shapes/whole.toml")).unwrap();
    recipe.learn = vec![Part::Mllm, Part::Vit];
    let networks = networks(&checkpoint, &device);
    let objective = Objective::of(&recipe, &checkpoint, &device).unwrap();
    let batch: Vec<Example> = Mixture { talk: 1.0, ..Mixture::default() }.examples(1).take(3).collect();
    for part in ["mllm", "vit"] {
        let agreement = agreement(&objective, &networks, &batch, part);
        assert!((agreement - 1.0).abs() < TOLERANCE, "{part}: {agreement}");
    }
}
