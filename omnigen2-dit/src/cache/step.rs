use burn::prelude::*;

use crate::flow::Moment;
use crate::layers::Layers;

/// Decides at each step whether the joint layers run. It owns what it remembers, so each guidance branch needs
/// one of its own.
pub trait StepCache: Send {
    /// The layers' output: computed, or made from what earlier steps left.
    ///
    /// # Shapes
    /// - joint and output: `[batch, seq, width]`
    fn run(&mut self, layers: &Layers<'_>, joint: Tensor<3>, at: Moment) -> Tensor<3>;

    /// The most bytes that are remembered between two steps over joint sequences of this size.
    fn bytes(&self, joint: JointSize) -> u64;
}

/// The size of a branch's joint sequence in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JointSize {
    /// The number of images that are drawn together.
    pub batch: usize,
    /// The number of tokens of one image: text, references and the image being drawn.
    pub tokens: usize,
    /// Channels of a token.
    pub width: usize,
    /// The number of bytes that a number takes.
    pub number: usize,
}

impl JointSize {
    /// The bytes of a tensor as large as the joint sequence.
    pub fn bytes(self) -> u64 {
        [self.batch, self.tokens, self.width, self.number].into_iter().map(|axis| axis as u64).product()
    }
}

/// Runs every layer at every step.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCache;

impl StepCache for NoCache {
    fn run(&mut self, layers: &Layers<'_>, joint: Tensor<3>, _: Moment) -> Tensor<3> {
        layers.run(joint)
    }

    fn bytes(&self, _: JointSize) -> u64 {
        0
    }
}
