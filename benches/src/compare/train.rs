use burn::module::Module;
use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_dit::{Dit, FlowBatch};
use omnigen2_train::{AdamW, Gradients, Learnt, Optimiser, learn_side_by_side};

use super::{Prepared, timed, whole};
use crate::must;
use crate::synthetic::{Weights, input};

const IMAGES: usize = 64;
const WORDS: usize = 32;
const SIDE: usize = 16;
/// Batches of a step, one for each core.
const PARTS: usize = 2;
/// The weights stay as they are, so that the next step is the same again.
const RATE: f64 = 0.0;

/// A step of training at the sizes of the shapes model, whose result is the gradient of the first weights.
pub(super) fn step(device: &Device) -> Prepared {
    let device = device.clone().autodiff();
    let config = must(omnigen2_shapes::checkpoint().dit_config());
    let weights = Weights { names: omnigen2_dit::NAMES, ..Weights::all(DType::F32) };
    let mut dit = Some(weights.fill(config.init(&device)).set_require_grad(true));
    let mut optimiser = Optimiser::new(AdamW { beta2: 0.99, weight_decay: 0.0, ..AdamW::default() });
    let parts = parts(&device);
    Prepared::new(move || {
        whole(timed(&device, || {
            let before = dit.take().unwrap_or_else(|| unreachable!("it is put back"));
            let gradients = gradients(&before, &parts, optimiser.settings().clip_norm);
            let first = gradients.get("x_embedder.weight").cloned();
            dit = Some(optimiser.step(before, gradients, RATE));
            must(first.ok_or("the first weights have no gradient")).unsqueeze::<2>()
        }))
    })
}

fn parts(device: &Device) -> Vec<FlowBatch> {
    let plain = device.clone().inner();
    let of = |name: &str| input(name, [IMAGES, 4, SIDE, SIDE], &plain);
    let text = input("text", [IMAGES, WORDS, 96], &plain);
    let [latents, noise] = ["latents", "noise"].map(of);
    let count = IMAGES / PARTS;
    let part = |begin: usize| FlowBatch {
        latents: latents.clone().narrow(0, begin, count).autodiff(),
        noise: noise.clone().narrow(0, begin, count).autodiff(),
        times: (begin..begin + count).map(|image| (image as f64 + 0.5) / IMAGES as f64).collect(),
        text: text.clone().narrow(0, begin, count).autodiff(),
        references: Vec::new(),
    };
    (0..IMAGES).step_by(count).map(part).collect()
}

fn gradients(dit: &Dit, parts: &[FlowBatch], clip_norm: f64) -> Gradients {
    let learnt = learn_side_by_side(dit, parts.to_vec(), |dit, part| Ok(dit.flow_loss(part)?));
    let mut sum = Gradients::default();
    for Learnt { gradients, .. } in must(learnt) {
        sum.add(gradients, 1.0 / PARTS as f64);
    }
    let norm = sum.norm();
    sum.clipped(norm, clip_norm)
}
