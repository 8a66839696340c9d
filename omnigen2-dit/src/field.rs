use burn::prelude::*;

use crate::{Branches, CachePolicy, Canvas, Context, Dit, Moment, StepCache};

/// The branches of one image over a [`Dit`], each with its own step cache; latent and references are refined
/// once for all of them.
pub struct DitField {
    dit: Dit,
    canvas: Canvas,
    branches: Vec<(Context, Box<dyn StepCache>)>,
}

impl DitField {
    /// A field over prepared contexts. Clones of a network share its weights.
    pub fn new(dit: Dit, canvas: Canvas, contexts: Vec<Context>, cache: CachePolicy) -> Self {
        let branches = contexts.into_iter().map(|context| (context, cache.start())).collect();
        Self { dit, canvas, branches }
    }
}

impl Branches for DitField {
    fn velocities(&mut self, x: Tensor<4>, at: Moment, wanted: &[usize]) -> Vec<Tensor<4>> {
        let step = self.dit.at(x, at, &self.canvas);
        let velocity = |&branch: &usize| {
            let (context, cache) = &mut self.branches[branch];
            self.dit.velocity_cached(&step, context, cache.as_mut())
        };
        wanted.iter().map(velocity).collect()
    }
}
