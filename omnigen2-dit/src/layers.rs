use std::cell::Cell;

use burn::prelude::*;
use omnigen2_rope::Rotation;

use crate::block::ModulatedBlock;
use crate::modulation::Modulated;

/// The joint layers of a guidance branch at one step, for a step cache to run, to skip, or to run in part.
#[derive(Clone, Copy, Debug)]
pub struct Layers<'a> {
    pub(crate) blocks: &'a [ModulatedBlock],
    pub(crate) modulated: &'a [Modulated],
    pub(crate) rotation: &'a Rotation,
    /// The tokens at the end of the sequence that the velocity is read from.
    pub(crate) drawn: usize,
    /// Counts the layers that run.
    pub(crate) ran: &'a Cell<usize>,
}

impl Layers<'_> {
    /// The number of layers.
    pub fn count(&self) -> usize {
        self.blocks.len()
    }

    /// The number of layers that have run at this step, in whatever parts.
    pub fn ran(&self) -> usize {
        self.ran.get()
    }

    /// The tokens of the image being drawn, which end the joint sequence: the velocity is read from them alone.
    ///
    /// # Shapes
    /// - joint: `[batch, seq, width]`
    /// - output: `[batch, patches, width]`
    pub fn drawn(&self, joint: Tensor<3>) -> Tensor<3> {
        let seq = joint.dims()[1];
        joint.narrow(1, seq - self.drawn, self.drawn)
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
        self.ran.set(self.ran.get() + self.blocks.len());
        run(self.blocks, self.modulated, self.rotation, joint)
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

/// Runs modulated layers, one after the other.
///
/// # Shapes
/// - x and output: `[batch, seq, width]`
pub(crate) fn run(
    blocks: &[ModulatedBlock],
    modulated: &[Modulated],
    rotation: &Rotation,
    x: Tensor<3>,
) -> Tensor<3> {
    let layers = blocks.iter().zip(modulated);
    layers.fold(x, |x, (block, modulated)| block.forward(x, modulated, rotation))
}
