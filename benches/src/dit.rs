//! The diffusion transformer: a joint layer at many lengths, the refiners, and what a step shares between branches.

use std::cell::LazyCell;
use std::ops::Deref;

use burn::prelude::*;
use burn::tensor::DType;
use criterion::Criterion;
use omnigen2_dit::{Canvas, Context, Dit, DitConfig, Step};
use omnigen2_rope::Grid;

use crate::synthetic::Weights;
use crate::{Group, is_trial, measure, must, normal, published, tiny, tiny_checkpoint};

const TEXT: usize = 64;
const TIME: f64 = 0.5;
/// The side of a reference of the published network, in patches: 256 pixels.
const REFERENCE: usize = 16;

/// A picture to draw: a square, after square references.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The side of the image in patches.
    pub side: usize,
    /// The side of each reference in patches.
    pub reference: usize,
    /// The number of references.
    pub references: usize,
}

impl Case {
    /// An image of `side`² patches after references of 256×256 pixels.
    pub fn published(side: usize, references: usize) -> Self {
        Self { side, reference: REFERENCE, references }
    }

    /// The length of the joint sequence.
    pub fn tokens(self) -> usize {
        TEXT + self.references * self.reference * self.reference + self.side * self.side
    }

    fn name(self) -> String {
        format!("{} image tokens, {} references", self.side * self.side, self.references)
    }
}

/// A network of one joint layer at the published width.
pub fn layer(config: &DitConfig, weights: DType, device: &Device) -> Dit {
    Weights::all(weights).fill(config.init(device))
}

/// The published widths, with so many layers in each refiner and one joint layer.
pub fn shallow(num_refiner_layers: usize) -> DitConfig {
    DitConfig { num_layers: 1, num_refiner_layers, ..DitConfig::omnigen2() }
}

/// The inputs of a network's layers.
pub struct Inputs {
    latent: Tensor<4>,
    text: Tensor<3>,
    canvas: Canvas,
}

impl Inputs {
    /// Random ones.
    pub fn new(dit: &Dit, case: Case, device: &Device) -> Self {
        let config = dit.config();
        let latent = |side: usize| {
            let size = side * config.patch_size;
            normal([1, config.in_channels, size, size], device)
        };
        let references: Vec<_> = (0..case.references).map(|_| latent(case.reference)).collect();
        let size = case.side * config.patch_size;
        Self {
            latent: latent(case.side),
            text: normal([1, TEXT, config.text_feat_dim], device),
            canvas: must(dit.canvas(Grid::new(size, size), &references)),
        }
    }

    /// Computes what all branches of a step share.
    pub fn step(&self, dit: &Dit) -> Step {
        dit.at(self.latent.clone(), TIME, &self.canvas)
    }

    /// The refined text of a branch.
    pub fn context(&self, dit: &Dit) -> Context {
        dit.prepare(self.text.clone(), &self.canvas)
    }
}

/// A network that is made when it is needed.
#[derive(Clone, Copy)]
struct Network<'a> {
    config: &'a DitConfig,
    device: &'a Device,
    dit: &'a dyn Deref<Target = Dit>,
}

/// Adds the benchmarks of `omnigen2-dit`.
pub fn define(criterion: &mut Criterion, device: &Device) {
    let config = must(tiny_checkpoint().dit_config());
    let dit = LazyCell::new(|| config.init(device));
    let network = Network { config: &config, device, dit: &dit };
    let case = Case { side: 4, reference: 4, references: 1 };
    let mut group = tiny(criterion, "dit");
    add_layers(&mut group, network, case);
    add_refiners(&mut group, network, case);
    group.finish();
    add_published(criterion, DType::BF16, device);
    add_published(criterion, DType::F32, device);
}

fn add_published(criterion: &mut Criterion, weights: DType, device: &Device) {
    let [layer_config, refiner_config] = [0, 1].map(shallow);
    let dit = LazyCell::new(|| layer(&layer_config, weights, device));
    let refining = LazyCell::new(|| layer(&refiner_config, weights, device));
    let network = Network { config: &layer_config, device, dit: &dit };
    let refiners = Network { config: &refiner_config, device, dit: &refining };
    let mut group = published(criterion, &format!("dit, {weights:?} weights"));
    for case in layer_cases(weights) {
        add_layers(&mut group, network, case);
    }
    add_refiners(&mut group, refiners, Case::published(16, 1));
}

fn layer_cases(weights: DType) -> Vec<Case> {
    let cases = |sides: &[usize], references: &[usize]| -> Vec<Case> {
        let of = |&side| references.iter().map(move |&count| Case::published(side, count));
        sides.iter().flat_map(of).collect()
    };
    match weights {
        DType::F32 => cases(&[16, 32], &[0]),
        _ if is_trial() => [cases(&[16, 32], &[0, 1, 3]), cases(&[64], &[0])].concat(),
        _ => cases(&[16, 32, 64], &[0, 1, 3]),
    }
}

fn add_layers(group: &mut Group<'_>, Network { config, device, dit }: Network<'_>, case: Case) {
    let inputs = LazyCell::new(|| Inputs::new(dit, case, device));
    let step = LazyCell::new(|| inputs.step(dit));
    let context = LazyCell::new(|| inputs.context(dit));
    let size = case.side * config.patch_size;
    let dims = [1, config.in_channels, size, size];
    measure(group, &format!("layers/{}", case.name()), dims, || dit.velocity(&step, &context));
}

fn add_refiners(group: &mut Group<'_>, Network { config, device, dit }: Network<'_>, case: Case) {
    let inputs = LazyCell::new(|| Inputs::new(dit, case, device));
    let image = [1, case.side * case.side, config.hidden_size];
    measure(group, &format!("refine images/{}", case.name()), image, || inputs.step(dit).latent());
    let text = [1, TEXT, config.hidden_size];
    measure(group, &format!("refine text/{TEXT} tokens"), text, || inputs.context(dit).text());
}
