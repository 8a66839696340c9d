use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_dit::{Context, Dit, DitConfig, Step};
use omnigen2_pipeline::checkpoint::DIT_NAMING;
use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::weights::Archive;
use omnigen2_pipeline::{Checkpoint, Error};
use omnigen2_rope::Grid;

use crate::numbers::{archive, input};
use crate::setting::Setting;
use crate::timing::median;

/// The branches of guidance by text.
pub const BRANCHES: usize = 2;
/// The tokens of a text of usual length.
pub const TEXT: usize = 60;
/// A time in the middle of a schedule.
pub(crate) const TIME: f64 = 0.5;

/// The numbers of one joint layer of the diffusion transformer, and of what stands before and behind all layers.
#[derive(Debug)]
pub struct JointLayers {
    archive: Archive,
    /// The dimensions, with one layer.
    config: DitConfig,
    downscale: usize,
    device: Device,
}

/// One joint layer whose weights rest in a type.
#[derive(Debug)]
pub struct JointLayer {
    dit: Dit,
    setting: Setting,
    downscale: usize,
    device: Device,
}

/// The time of one joint layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerTime {
    /// The tokens of its sequence: the text and the picture.
    pub tokens: usize,
    /// The seconds that it takes.
    pub seconds: f64,
}

/// Returns the joint layers that a step of guidance by text is worth. What refines the noise is done once for all
/// branches, and a layer of it counts as a joint one.
pub fn layers_of_step(config: &DitConfig) -> usize {
    BRANCHES * config.num_layers + config.num_refiner_layers
}

/// Returns the seconds of a step, from those of a joint layer.
pub fn seconds_of_step(config: &DitConfig, layer: f64) -> f64 {
    layers_of_step(config) as f64 * layer
}

impl JointLayers {
    /// Random numbers for the widths that a checkpoint has.
    ///
    /// # Errors
    /// If its configurations cannot be read.
    pub fn of(checkpoint: &Checkpoint, device: &Device) -> Result<Self, Error> {
        let config = DitConfig { num_layers: 1, num_refiner_layers: 0, ..checkpoint.dit_config()? };
        Ok(Self {
            archive: archive(&config.init(device), &DIT_NAMING)?,
            config,
            downscale: checkpoint.vae_config()?.downscale(),
            device: device.clone(),
        })
    }

    /// The layer, its weights at rest as a setting has them.
    ///
    /// # Errors
    /// If the device cannot hold them so.
    pub fn at(&self, setting: Setting) -> Result<JointLayer, Error> {
        let dit = self.archive.load(self.config.init(&self.device), &DIT_NAMING, setting.weights)?;
        let dit = setting.compute.of_products(dit, &self.device);
        Ok(JointLayer { dit, setting, downscale: self.downscale, device: self.device.clone() })
    }

    /// The layer in which nothing is rounded.
    ///
    /// # Errors
    /// As [`at`](Self::at).
    pub fn exact(&self) -> Result<JointLayer, Error> {
        self.at(Setting::EXACT)
    }
}

impl JointLayer {
    /// Times the layer for a picture of a size.
    ///
    /// # Errors
    /// If the device fails, or the size is not one that is drawn.
    pub fn time(&self, size: Size) -> Result<LayerTime, Error> {
        let Inputs { step, context } = self.inputs(size)?;
        let seconds = median(&self.device, || Ok(self.dit.velocity(&step, &context)))?;
        Ok(LayerTime { tokens: TEXT + step.latent().dims()[1], seconds })
    }

    /// The velocity behind the layer, for a picture of a size.
    ///
    /// # Errors
    /// As [`time`](Self::time).
    pub fn velocity(&self, size: Size) -> Result<Velocity, Error> {
        let Inputs { step, context } = self.inputs(size)?;
        let velocity = self.dit.velocity(&step, &context).cast(DType::F32);
        let data = velocity.try_into_data().map_err(Error::Execution)?;
        let numbers = data.try_into_vec().map_err(|error| Error::Read(format!("{error:?}")))?;
        Ok(Velocity(numbers))
    }

    fn inputs(&self, size: Size) -> Result<Inputs, Error> {
        inputs(&self.dit, size, self.downscale, self.setting)
    }
}

/// The numbers of a velocity.
#[derive(Clone, Debug, PartialEq)]
pub struct Velocity(Vec<f32>);

impl Velocity {
    /// The part by which rounding changed it: the relative L2 norm of the difference from the exact one.
    pub fn error(&self, exact: &Self) -> f64 {
        let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>().sqrt();
        let off = norm(&mut exact.0.iter().zip(&self.0).map(|(x, y)| f64::from(x - y)));
        off / norm(&mut exact.0.iter().map(|&x| f64::from(x))).max(f64::MIN_POSITIVE)
    }
}

/// The canvas and the texts that the joint layers of a step see.
struct Inputs {
    step: Step,
    context: Context,
}

fn inputs(dit: &Dit, size: Size, downscale: usize, setting: Setting) -> Result<Inputs, Error> {
    let work = Work::new(dit, size, downscale, setting)?;
    Ok(Inputs { step: work.step(dit), context: work.contexts[0].clone() })
}

/// The inputs of a step of a whole network.
pub(crate) struct Work {
    latent: Tensor<4>,
    canvas: omnigen2_dit::Canvas,
    pub(crate) contexts: [Context; BRANCHES],
}

impl Work {
    pub(crate) fn new(dit: &Dit, size: Size, downscale: usize, setting: Setting) -> Result<Self, Error> {
        let (config, device) = (dit.config(), &dit.devices()[0]);
        let compute = setting.compute.on(device);
        let [rows, columns] = [size.height, size.width].map(|side| side as usize / downscale);
        let canvas = dit.canvas(Grid::new(rows, columns), &[])?;
        let text = |name| input(name, [1, TEXT, config.text_feat_dim], compute, device);
        Ok(Self {
            latent: input("latent", [1, config.in_channels, rows, columns], compute, device),
            contexts: ["text", "negative"].map(|name| dit.prepare(text(name), &canvas)),
            canvas,
        })
    }

    pub(crate) fn step(&self, dit: &Dit) -> Step {
        dit.at(self.latent.clone(), TIME, &self.canvas)
    }
}
