//! One step of the diffusion transformer: what its branches share, and one branch.

use std::cell::LazyCell;

use burn::prelude::*;
use criterion::Criterion;
use omnigen2_dit::{Canvas, Context, Dit, DitConfig};
use omnigen2_rope::Grid;

use crate::{Group, measure, must, normal, published, tiny, tiny_checkpoint};

const TEXT: usize = 64;
const TIME: f64 = 0.5;

/// What is drawn: a square of `side` patches, with references of the same size.
#[derive(Clone, Copy)]
struct Case {
    side: usize,
    references: usize,
}

/// Adds the benchmarks of `omnigen2-dit`.
pub fn define(criterion: &mut Criterion, device: &Device) {
    let config = must(tiny_checkpoint().dit_config());
    add(&mut tiny(criterion, "dit"), &config.init(device), device, Case { side: 4, references: 1 });
    let config = DitConfig { num_layers: 1, num_refiner_layers: 1, ..DitConfig::omnigen2() };
    let dit = config.init(device);
    let mut group = published(criterion, "dit");
    for side in [16, 32] {
        for references in [0, 1] {
            add(&mut group, &dit, device, Case { side, references });
        }
    }
}

fn add(group: &mut Group<'_>, dit: &Dit, device: &Device, case: Case) {
    let tokens = case.side * case.side;
    let size = case.side * dit.config().patch_size;
    let inputs = LazyCell::new(|| Inputs::new(dit, device, case));
    let at = || dit.at(inputs.latent.clone(), TIME, &inputs.canvas);
    let step = LazyCell::new(at);
    let name = format!("{tokens} image and {} reference tokens", case.references * tokens);
    measure(group, &format!("at/{name}"), [1, tokens, dit.config().hidden_size], || at().noise());
    measure(group, &format!("velocity/{name}"), [1, dit.config().in_channels, size, size], || {
        dit.velocity(&step, &inputs.context)
    });
}

struct Inputs {
    latent: Tensor<4>,
    canvas: Canvas,
    context: Context,
}

impl Inputs {
    fn new(dit: &Dit, device: &Device, case: Case) -> Self {
        let config = dit.config();
        let size = case.side * config.patch_size;
        let latent = || normal([1, config.in_channels, size, size], device);
        let references: Vec<_> = (0..case.references).map(|_| latent()).collect();
        let canvas = must(dit.canvas(Grid::new(size, size), &references));
        let context = dit.prepare(normal([1, TEXT, config.text_feat_dim], device), &canvas);
        Self { latent: latent(), canvas, context }
    }
}
