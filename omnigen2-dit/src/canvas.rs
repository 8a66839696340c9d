use burn::prelude::*;
use omnigen2_rope::{Grid, Rotation};

use crate::{Modulated, Moment};

/// What is fixed for one image whatever its text says: its size and its references.
#[derive(Clone, Debug)]
pub struct Canvas {
    pub(crate) target: Grid,
    pub(crate) rotation: Rotation,
    pub(crate) references: Vec<Reference>,
}

impl Canvas {
    /// The grid of patches of the image being drawn.
    pub fn target(&self) -> Grid {
        self.target
    }

    /// How many references there are.
    pub fn references(&self) -> usize {
        self.references.len()
    }
}

/// One embedded reference image.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    /// `[batch or 1, patches, width]`.
    pub(crate) tokens: Tensor<3>,
    pub(crate) grid: Grid,
    pub(crate) rotation: Rotation,
}

/// What is fixed for one guidance branch of one image: its refined text, which references it sees, and where
/// every token of its joint sequence stands.
#[derive(Clone, Debug)]
pub struct Context {
    pub(crate) text: Tensor<3>,
    pub(crate) references: usize,
    pub(crate) rotation: Rotation,
}

impl Context {
    /// The refined text, `[batch or 1, seq, width]`.
    pub fn text(&self) -> Tensor<3> {
        self.text.clone()
    }
}

/// What is fixed for one step of one image: all that depends on the latent and the time, but on no text.
#[derive(Clone, Debug)]
pub struct Step {
    pub(crate) moment: Moment,
    pub(crate) target: Grid,
    pub(crate) noise: Tensor<3>,
    pub(crate) references: Vec<Tensor<3>>,
    pub(crate) layers: Vec<Modulated>,
    pub(crate) output_scale: Tensor<3>,
}

impl Step {
    /// The refined tokens of the image being drawn, `[batch, patches, width]`.
    pub fn noise(&self) -> Tensor<3> {
        self.noise.clone()
    }

    /// The refined tokens of each reference, `[batch or 1, patches, width]`.
    pub fn references(&self) -> &[Tensor<3>] {
        &self.references
    }

    /// A branch's joint sequence: text, the references it sees, the image being drawn.
    pub(crate) fn joint(&self, context: &Context) -> Tensor<3> {
        let [batch, _, width] = self.noise.dims();
        let shared = |tokens: &Tensor<3>| {
            let seq = tokens.dims()[1];
            tokens.clone().expand([batch, seq, width])
        };
        let references = self.references[..context.references].iter().map(shared);
        let parts = std::iter::once(shared(&context.text)).chain(references);
        Tensor::cat(parts.chain([self.noise.clone()]).collect(), 1)
    }
}
