//! An own step cache in the pipeline: `cargo run --release --example own_step_cache CHECKPOINT`

use burn::{prelude::*, tensor::FloatDType};
use omnigen2_dit::{Branches, JointSize, Layers, Moment, StepCache, StepCaches};
use omnigen2_pipeline::parts::{Conditions, Denoiser, DitDenoiser};
use omnigen2_pipeline::{Checkpoint, ImageRequest, OmniGen2, Result, weights::Storage};

/// Runs the layers at every other step, and adds what they added then at the steps between.
struct EveryOther(Option<Tensor<3>>);
impl StepCache for EveryOther {
    fn run(&mut self, layers: &Layers<'_>, joint: Tensor<3>, at: Moment) -> Tensor<3> {
        let kept = self.0.take().filter(|_| !at.is_end());
        let added = kept.clone().unwrap_or_else(|| layers.run(joint.clone()) - joint.clone());
        self.0 = kept.is_none().then(|| added.clone());
        joint + added
    }
    fn bytes(&self, joint: JointSize) -> u64 {
        joint.bytes()
    }
}

struct Cached(DitDenoiser);
impl Denoiser for Cached {
    fn latent_channels(&self) -> usize {
        self.0.latent_channels()
    }
    fn field(&self, conditions: Conditions) -> Result<Box<dyn Branches + Send>> {
        self.0.field(Conditions { step_caches: StepCaches::new(|| EveryOther(None)), ..conditions })
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let checkpoint = std::env::args().nth(1).ok_or("name a checkpoint directory")?;
    let device = Device::flex();
    let dit = Checkpoint::open(&checkpoint)?.load_dit(&device, Storage::Auto)?;
    let denoiser = Cached(DitDenoiser::new(dit, FloatDType::F32));
    let mut omnigen2 = OmniGen2::builder(&device).checkpoint(&checkpoint)?.denoiser(denoiser).build()?;
    omnigen2.generate(&ImageRequest::new("a red fox"))?.finish()?[0].save("own_step_cache.png")?;
    Ok(())
}
