use burn::prelude::*;

use crate::branch::{Branches, PerBranch};
use crate::cache::{StepCache, StepCaches};
use crate::canvas::{Canvas, Context, Step};
use crate::dit::Dit;
use crate::flow::Moment;

/// The branches of one image over a [`Dit`], each with its own step cache; latent and references are refined
/// once for all of them.
pub struct DitField {
    dit: Dit,
    canvas: Canvas,
    branches: PerBranch<CachedBranch>,
}

struct CachedBranch {
    context: Context,
    cache: Box<dyn StepCache>,
}

impl DitField {
    /// A field over prepared contexts. Clones of a network share its weights.
    pub fn new(
        dit: Dit,
        canvas: Canvas,
        contexts: PerBranch<Context>,
        caches: impl Into<StepCaches>,
    ) -> Self {
        let caches = caches.into();
        let branches = contexts.map(|context| CachedBranch { context, cache: caches.start() });
        Self { dit, canvas, branches }
    }
}

impl Branches for DitField {
    fn velocities(&mut self, x: Tensor<4>, at: Moment) -> PerBranch<Tensor<4>> {
        let step = self.dit.at(x, at, &self.canvas);
        self.branches.as_mut().map(|branch| branch.velocity(&self.dit, &step))
    }

    fn unguided(&mut self, x: Tensor<4>, at: Moment) -> Tensor<4> {
        let step = self.dit.at(x, at, &self.canvas);
        self.branches.full_mut().velocity(&self.dit, &step)
    }
}

impl CachedBranch {
    fn velocity(&mut self, dit: &Dit, step: &Step) -> Tensor<4> {
        dit.velocity_cached(step, &self.context, self.cache.as_mut())
    }
}
