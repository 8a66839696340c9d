//! An own step cache in the pipeline: `cargo run --release --example own_step_cache CHECKPOINT`

use burn::prelude::*;
use omnigen2_dit::{JointSize, Layers, Moment, StepCache, StepCaches};
use omnigen2_pipeline::{ImageRequest, OmniGen2};

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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let checkpoint = std::env::args().nth(1).ok_or("name a checkpoint directory")?;
    let builder = OmniGen2::builder(&Device::flex()).checkpoint(checkpoint)?;
    let mut omnigen2 = builder.step_caches(StepCaches::new(|| EveryOther(None))).build()?;
    omnigen2.generate(&ImageRequest::new("a red fox"))?.finish()?[0].save("own_step_cache.png")?;
    Ok(())
}
