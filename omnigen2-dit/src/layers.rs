use burn::prelude::*;
use omnigen2_rope::Rotation;

use crate::block::ModulatedBlock;
use crate::modulation::Modulated;

/// A stack of modulated layers over one sequence at one step: for a step cache, the joint layers of a branch, to run,
/// to skip, or to run in part.
#[derive(Clone, Copy, Debug)]
pub struct Layers<'a> {
    pub(crate) blocks: &'a [ModulatedBlock],
    pub(crate) modulated: &'a [Modulated],
    pub(crate) rotation: &'a Rotation,
}

impl Layers<'_> {
    /// The number of layers.
    pub fn count(&self) -> usize {
        self.blocks.len()
    }

    /// The first `layers` layers, and the others.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn split_at(&self, layers: usize) -> (Self, Self) {
        let (first, rest) = self.blocks.split_at(layers);
        let (first_modulated, rest_modulated) = self.modulated.split_at(layers);
        (
            Self { blocks: first, modulated: first_modulated, ..*self },
            Self { blocks: rest, modulated: rest_modulated, ..*self },
        )
    }

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
