use burn::prelude::Device;
use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::{Checkpoint, Error};

use crate::joint_layer::{JointLayers, Work, seconds_of_step};
use crate::setting::Setting;
use crate::timing::median;

/// The seconds of a step, measured as a whole and told from one layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WholeAndLayers {
    /// The whole step.
    pub whole: f64,
    /// One layer, multiplied.
    pub layers: f64,
}

impl WholeAndLayers {
    /// The whole over what its layers tell.
    pub fn ratio(self) -> f64 {
        self.whole / self.layers
    }
}

/// Times a step of a checkpoint's whole transformer, and beside it one layer of the same widths.
///
/// # Errors
/// If the checkpoint cannot be loaded, or the device fails.
pub fn whole_and_layers(
    checkpoint: &Checkpoint,
    setting: Setting,
    size: Size,
    device: &Device,
) -> Result<WholeAndLayers, Error> {
    let dit = setting.compute.of_products(checkpoint.load_dit(device, setting.weights)?, device);
    let work = Work::new(&dit, size, checkpoint.vae_config()?.downscale(), setting)?;
    let whole = median(device, || {
        let step = work.step(&dit);
        Ok(work.contexts.each_ref().map(|context| dit.velocity(&step, context)))
    })?;
    let layer = JointLayers::of(checkpoint, device)?.at(setting)?.time(size)?;
    Ok(WholeAndLayers { whole, layers: seconds_of_step(dit.config(), layer.seconds) })
}
