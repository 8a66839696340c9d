use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::prelude::*;

use super::step::{JointSize, StepCache};
use crate::flow::Moment;
use crate::layers::Layers;

/// Counts the layers that another cache lets run.
pub(super) struct Counted {
    pub(super) cache: Box<dyn StepCache>,
    pub(super) ran: Arc<AtomicUsize>,
}

impl StepCache for Counted {
    fn run(&mut self, layers: &Layers<'_>, joint: Tensor<3>, at: Moment) -> Tensor<3> {
        let output = self.cache.run(layers, joint, at);
        self.ran.fetch_add(layers.ran(), Ordering::Relaxed);
        output
    }

    fn bytes(&self, joint: JointSize) -> u64 {
        self.cache.bytes(joint)
    }
}
