mod taylor;
mod tea;

use burn::prelude::*;
use omnigen2_rope::Rotation;
use serde::{Deserialize, Serialize};

use crate::block::ModulatedBlock;
use crate::{Modulated, Moment};

pub use taylor::TaylorSeer;
pub use tea::TeaCache;

/// Modulated layers over one sequence at one step: for a cache, the joint layers of a branch to run or to skip.
#[derive(Clone, Copy, Debug)]
pub struct Layers<'a> {
    pub(crate) blocks: &'a [ModulatedBlock],
    pub(crate) modulated: &'a [Modulated],
    pub(crate) rotation: &'a Rotation,
}

impl Layers<'_> {
    /// Runs every layer.
    ///
    /// # Shapes
    /// - joint and output: `[batch, seq, width]`
    pub fn run(&self, joint: Tensor<3>) -> Tensor<3> {
        let layers = self.blocks.iter().zip(self.modulated);
        layers.fold(joint, |x, (block, modulated)| block.forward(x, modulated, self.rotation))
    }

    /// The first layer's modulated input, which tells how much a step differs from the one before.
    ///
    /// # Shapes
    /// - joint and output: `[batch, seq, width]`
    pub fn first_input(&self, joint: Tensor<3>) -> Tensor<3> {
        match (self.blocks.first(), self.modulated.first()) {
            (Some(block), Some(modulated)) => block.attention_input(joint, modulated),
            _ => joint,
        }
    }
}

/// Decides at each step whether the joint layers run. It owns what it remembers, so each guidance branch needs
/// one of its own.
pub trait StepCache: Send {
    /// The layers' output: computed, or made from what earlier steps left.
    ///
    /// # Shapes
    /// - joint and output: `[batch, seq, width]`
    fn run(&mut self, layers: &Layers<'_>, joint: Tensor<3>, at: Moment) -> Tensor<3>;
}

/// Runs every layer at every step.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCache;

impl StepCache for NoCache {
    fn run(&mut self, layers: &Layers<'_>, joint: Tensor<3>, _: Moment) -> Tensor<3> {
        layers.run(joint)
    }
}

/// Which step cache each guidance branch gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CachePolicy {
    /// None.
    #[default]
    None,
    /// TeaCache with this threshold; the reference uses 0.05.
    TeaCache {
        /// Layers are skipped while the accumulated change stays under this.
        threshold: f64,
    },
    /// TaylorSeer with the reference's settings.
    TaylorSeer,
}

impl CachePolicy {
    /// An empty cache.
    pub fn start(self) -> Box<dyn StepCache> {
        match self {
            Self::None => Box::new(NoCache),
            Self::TeaCache { threshold } => Box::new(TeaCache::new(threshold)),
            Self::TaylorSeer => Box::new(TaylorSeer::default()),
        }
    }
}
