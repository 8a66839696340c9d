use std::path::PathBuf;

use burn::prelude::Device;
use omnigen2_bench::Setting;
use omnigen2_pipeline::device::is_cpu;
use omnigen2_pipeline::pixels::{Size, output_size};
use omnigen2_pipeline::weights::Storage;
use omnigen2_pipeline::{Checkpoint, Precision};

use crate::checkpoint::{LooseArgs, Source};
use crate::device::{self, Chosen};
use crate::failure::{Code, Failure};
use crate::settings::{fixed_storage, precision};
use crate::work::Work;

const PUBLISHED: &str = "the published sizes";

/// Measures what this machine does: seconds a step, tokens a second and memory, by the type of weights
///
/// No checkpoint is needed: one layer of each network is made of random numbers and timed, and the times are
/// multiplied. What is the fastest without being seen is named at the end.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A directory or repository whose dimensions are measured, or `shapes` [default: the published sizes]
    checkpoint: Option<String>,
    /// Types in which weights rest [default: f32,bf16,q8,q4, as far as the device has them]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = fixed_storage())]
    weights: Vec<Storage>,
    /// Types of activations
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "auto", value_parser = precision())]
    precision: Vec<Precision>,
    /// Sizes of pictures; what is chosen, and memory, are for the last
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "256x256,512x512,768x768,1024x1024"
    )]
    sizes: Vec<Size>,
    /// Where to plot the seconds of a step
    #[arg(long, value_name = "FILE.png|FILE.svg")]
    pub(super) plot: Option<PathBuf>,
    /// Print one JSON object in place of a table
    #[arg(long)]
    pub(super) json: bool,
    /// Such as `cpu`, `wgpu` or `cuda:1`; `omnigen2 devices` lists them [default: the fastest there is]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
}

/// What is measured.
pub(super) struct Cases {
    pub(super) checkpoint: Checkpoint,
    /// How the checkpoint is called.
    pub(super) name: String,
    pub(super) chosen: Chosen,
    pub(super) settings: Vec<Setting>,
    /// At least one, in the order in which they were given.
    pub(super) sizes: Vec<Size>,
}

impl Cases {
    /// The size at which errors are measured.
    pub(super) fn first(&self) -> Size {
        self.sizes.first().copied().unwrap_or(super::CHECKED)
    }
}

impl Args {
    pub(super) fn cases(self, work: Work<'_>) -> Result<Cases, Failure> {
        let sizes: Vec<Size> = self.sizes.iter().map(|&size| drawn(size)).collect::<Result<_, _>>()?;
        let chosen = device::choose(self.device.as_deref())?;
        let device = &chosen.device;
        let weights = if self.weights.is_empty() { Setting::usual_weights(device) } else { self.weights };
        let settings = settings(&weights, &self.precision, device);
        let (checkpoint, name) = match Source::given(self.checkpoint, LooseArgs::default())? {
            None => (Checkpoint::published(), PUBLISHED.into()),
            Some(source) => {
                let found = source.find(work.console, work.interrupt)?;
                let name = found.name.clone();
                (found.open()?, name)
            }
        };
        Ok(Cases { checkpoint, name, chosen, settings, sizes })
    }
}

/// Each type of weights with each type of activations, as the device computes with them, once.
fn settings(weights: &[Storage], precision: &[Precision], device: &Device) -> Vec<Setting> {
    let mut settings = Vec::new();
    for &compute in precision {
        for &weights in weights {
            // On a CPU products of BF16 are those of weights that rest in it.
            let is_rounding = weights == Storage::Bf16 || !is_cpu(device);
            let compute = if is_rounding { compute.settled(device) } else { Precision::F32 };
            let setting = Setting { weights, compute };
            if !settings.contains(&setting) {
                settings.push(setting);
            }
        }
    }
    settings
}

/// The size, if it is one that can be drawn as it is.
fn drawn(size: Size) -> Result<Size, Failure> {
    let drawn = output_size(size, size.pixels()).map_err(|e| Failure::new(Code::Request, e))?;
    if drawn == size {
        return Ok(size);
    }
    let message = format!("a picture of {size} is drawn as {drawn}, in steps of 16 pixels; name that size");
    Err(Failure::new(Code::Request, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_are_the_same_are_measured_once() {
        let found = settings(
            &[Storage::F32, Storage::Q8, Storage::F32],
            &[Precision::Auto, Precision::F32, Precision::Bf16],
            &Device::flex(),
        );
        let expected =
            [Storage::F32, Storage::Q8].map(|weights| Setting { weights, compute: Precision::F32 });
        assert_eq!(found, expected);
    }

    #[test]
    fn sizes_that_are_drawn_otherwise_are_refused_with_what_they_become() {
        assert!(drawn(Size::new(512, 256)).is_ok_and(|size| size == Size::new(512, 256)));
        let refused = drawn(Size::new(500, 500)).map_err(|failure| failure.lines().join("\n"));
        assert!(refused.is_err_and(|said| said.contains("496x496")));
    }
}
