use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_dit::{Canvas, Context, Dit, DitConfig};
use omnigen2_pipeline::weights::Storage;
use omnigen2_rope::Grid;

use super::{Outcome, Prepared, flat, timed, whole};
use crate::must;
use crate::synthetic::{Weights, input};

const TEXT: usize = 64;
const TIME: f64 = 0.5;
const TEXT_SCALE: f64 = 4.0;
const IMAGE_SCALE: f64 = 2.0;
/// Depths of the published network, of which one layer each is computed here.
const LAYERS: f64 = 32.0;
const REFINER_LAYERS: f64 = 2.0;

/// One joint layer between the text and the output: `side`² image tokens, whose modulation is given.
pub(super) fn block(side: usize, storage: Storage, device: &Device) -> Prepared {
    let dit = dit(0, storage, device);
    let size = 2 * side;
    let canvas = must(dit.canvas(Grid::new(size, size), &[]));
    let context = dit.prepare(text("text", device), &canvas);
    let step = dit.at(input("latent", [1, 16, size, size], device), TIME, &canvas);
    let device = device.clone();
    Prepared::new(move || whole(timed(&device, || dit.velocity(&step, &context))))
}

/// A step of three guidance branches with one reference, all 256×256 pixels.
pub(super) fn guided_step(storage: Storage, device: &Device) -> Prepared {
    let latent = |name: &str| input(name, [1, 16, 32, 32], device);
    let dit = dit(1, storage, device);
    let canvas = must(dit.canvas(Grid::new(32, 32), &[latent("reference")]));
    let full = dit.prepare(text("text", device), &canvas);
    let references = dit.prepare(text("negative", device), &canvas);
    let negative = dit.prepare_without_references(text("negative", device), &canvas);
    let step = GuidedStep {
        latent: latent("latent"),
        branches: [full, references, negative],
        dit,
        canvas,
        device: device.clone(),
    };
    Prepared::new(move || step.run())
}

struct GuidedStep {
    dit: Dit,
    canvas: Canvas,
    branches: [Context; 3],
    latent: Tensor<4>,
    device: Device,
}

impl GuidedStep {
    fn run(&self) -> Outcome {
        let refined = timed(&self.device, || self.dit.at(self.latent.clone(), TIME, &self.canvas));
        let joint = timed(&self.device, || {
            let branches = self.branches.each_ref();
            let [full, references, negative] =
                branches.map(|context| self.dit.velocity(&refined.result, context));
            negative.clone()
                + (references.clone() - negative) * IMAGE_SCALE
                + (full - references) * TEXT_SCALE
        });
        Outcome {
            seconds: REFINER_LAYERS * refined.seconds + LAYERS * joint.seconds,
            output: flat(joint.result),
            bytes: None,
        }
    }
}

fn dit(num_refiner_layers: usize, storage: Storage, device: &Device) -> Dit {
    let config = DitConfig { num_layers: 1, num_refiner_layers, ..DitConfig::omnigen2() };
    let weights = Weights {
        names: omnigen2_dit::NAMES,
        storage,
        float: omnigen2_dit::FLOAT,
        ..Weights::all(DType::BF16)
    };
    weights.fill(config.init(device))
}

fn text(name: &str, device: &Device) -> Tensor<3> {
    input(name, [1, TEXT, 2048], device)
}
