//! The loss of flow matching, its gradients, one step of the optimiser, and the times that images are learnt from at.

use burn::module::{Module, ModuleVisitor, Param};
use burn::prelude::*;
use omnigen2_dit::{Dit, FlowBatch, NAMES};
use omnigen2_pipeline::weights::{Naming, Storage, inventory};
use omnigen2_train::{AdamW, Gradients, Optimiser, Times};

use crate::checkpoint::{Checkpoint, causes};
use crate::golden::{Golden, Outcome, Score, device};

/// F32 times of size 1, which are drawn in F32.
const TIMES: f64 = 2e-6;
/// A mean of F32 squares of size 1.
const LOSS: f64 = 1e-5;
/// Gradients are sums of thousands of F32 products in another order than PyTorch's: a part of their own size.
const GRADIENTS: f64 = 1e-4;
/// A hundredth of the step that a weight takes, where its gradient is well above Adam's epsilon.
const STEPPED: f64 = 1e-5;
/// Adam's first step divides a gradient by its own size and epsilon, so that gradients near epsilon turn their rounding
/// into steps; these weights are only held to less than one whole step.
const WELL_ABOVE: f64 = 100.0;

pub fn run(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    match case.name.as_str() {
        name if name.contains("v1") => times(case, Times::V1),
        name if name.contains("v2") => times(case, Times::V2),
        _ => flow(case, checkpoint),
    }
}

fn times(case: &Golden, way: Times) -> Outcome {
    let device = device();
    let drawn = case.floats("in.u").into_iter().zip(case.floats("in.tokens"));
    let found: Vec<f32> = drawn.map(|(u, tokens)| way.shift(u.into(), tokens as usize) as f32).collect();
    let found = Tensor::<1>::from_floats(found.as_slice(), &device);
    Score::within(TIMES).compare("t", &found, &case.tensor("out.t", &device))
}

fn flow(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    let device = device().autodiff();
    let dit = checkpoint.files()?.load_dit(&device, Storage::F32).map_err(causes)?.set_require_grad(true);
    let (loss, gradients) = learn(case, &dit, &device)?;
    let plain = device.clone().inner();
    let flat = |name: &str| Tensor::<1>::from_floats(case.floats(name).as_slice(), &plain);
    let scalar = |x: f64| Tensor::<1>::from_floats([x as f32], &plain);
    let mut score = Score::within(LOSS).compare("loss", &scalar(loss), &flat("out.loss"))?;
    let norm = gradients.norm();
    let ratio = flat("out.grad_norm").recip() * norm;
    score = score.then_within(GRADIENTS).compare("gradient norm", &ratio, &scalar(1.0))?;
    for (path, name) in named(case, &dit, "out.grad.") {
        let expected = flat(&name);
        let found = gradients.get(&path).ok_or_else(|| format!("{path} has no gradient"))?.clone();
        let size = expected.clone().abs().max().into_scalar::<f32>();
        score = score.compare(&name, &(found / size), &(expected / size))?;
    }
    let betas: [f64; 2] = case.setting("betas").ok_or("no betas")?;
    let settings = AdamW {
        beta1: betas[0],
        beta2: betas[1],
        epsilon: case.setting("eps").ok_or("no eps")?,
        weight_decay: case.setting("weight_decay").ok_or("no weight decay")?,
        clip_norm: case.setting("clip_norm").ok_or("no clip norm")?,
        ..AdamW::default()
    };
    let rate: f64 = case.setting("lr").ok_or("no rate")?;
    let wanted = named(case, &dit, "out.stepped.");
    let stepped = Optimiser::new(settings).step(dit, gradients.clipped(norm, settings.clip_norm), rate);
    let mut weights = Weights { wanted: &wanted, at: 0, found: Vec::new(), paths: paths(&stepped) };
    stepped.visit(&mut weights);
    let clip = (settings.clip_norm / norm).min(1.0);
    for (name, found) in weights.found {
        let gradient = flat(&name.replace("out.stepped.", "out.grad.")) * clip;
        let counts = gradient.abs().greater_elem(WELL_ABOVE * settings.epsilon).float();
        let expected = flat(&name);
        let steep = format!("{name}, steep");
        score = score
            .then_within(STEPPED)
            .compare(&steep, &(found.clone() * counts.clone()), &(expected.clone() * counts))?
            .then_within(rate)
            .compare(&name, &found, &expected)?;
    }
    Ok(score)
}

/// The mean loss of the images, each by itself since their texts and references differ, and its gradients.
fn learn(case: &Golden, dit: &Dit, device: &Device) -> Result<(f64, Gradients), String> {
    let latents = case.tensor::<4>("in.latent", device);
    let noise = case.tensor::<4>("in.noise", device);
    let texts = case.tensor::<3>("in.text", device);
    let times = case.floats("in.timestep");
    let mask = case.ints("in.text_mask");
    let [rows, seq, _] = texts.dims();
    let (mut loss, mut gradients) = (0.0, Gradients::default());
    for row in 0..rows {
        let length = mask[row * seq..(row + 1) * seq].iter().filter(|&&m| m != 0).count();
        let references = case.numbered(&format!("in.reference.{row}"));
        let batch = FlowBatch {
            latents: latents.clone().narrow(0, row, 1),
            noise: noise.clone().narrow(0, row, 1),
            times: vec![times[row].into()],
            text: texts.clone().narrow(0, row, 1).narrow(1, 0, length),
            references: references.iter().map(|name| case.tensor::<3>(name, device).unsqueeze()).collect(),
        };
        let part = dit.flow_loss(batch).map_err(causes)?;
        loss += f64::from(part.clone().into_scalar::<f32>()) / rows as f64;
        gradients.add(Gradients::of(dit, part.backward()), 1.0 / rows as f64);
    }
    Ok((loss, gradients))
}

fn paths(dit: &Dit) -> Vec<String> {
    inventory(dit).into_iter().map(|parameter| parameter.path).collect()
}

/// The paths of the parameters that a golden has tensors of, with the names of these.
fn named(case: &Golden, dit: &Dit, prefix: &str) -> Vec<(String, String)> {
    let naming = Naming { tables: &[NAMES], ..Naming::of("transformer") };
    let named = paths(dit).into_iter().map(|path| {
        let name = format!("{prefix}{}", naming.rename(&path));
        (path, name)
    });
    named.filter(|(_, name)| case.has(name)).collect()
}

/// Takes the wanted weights out of a module, in the order of its parameters.
struct Weights<'a> {
    wanted: &'a [(String, String)],
    paths: Vec<String>,
    at: usize,
    found: Vec<(String, Tensor<1>)>,
}

impl ModuleVisitor for Weights<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let path = &self.paths[self.at];
        self.at += 1;
        if let Some((_, name)) = self.wanted.iter().find(|(wanted, _)| wanted == path) {
            let value = parameter.val().inner();
            let count = value.dims().iter().product::<usize>();
            self.found.push((name.clone(), value.reshape([count])));
        }
    }
}
