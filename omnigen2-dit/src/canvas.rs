use burn::prelude::*;
use omnigen2_rope::{Grid, Rotation};

use crate::flow::Moment;
use crate::modulation::Modulated;

/// The layout of one image, whatever its text says: its size and its references.
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

    /// The number of references.
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

/// The condition of one guidance branch of one image: its refined text, the references it sees, and the places of
/// all tokens of its joint sequence.
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

/// The part of one step of one image that depends on the latent and the time, but on no text.
#[derive(Clone, Debug)]
pub struct Step {
    pub(crate) moment: Moment,
    pub(crate) target: Grid,
    pub(crate) latent: Tensor<3>,
    pub(crate) references: Vec<Tensor<3>>,
    pub(crate) layers: Vec<Modulated>,
    pub(crate) output_scale: Tensor<3>,
}

impl Step {
    /// The refined tokens of the image being drawn, `[batch, patches, width]`.
    pub fn latent(&self) -> Tensor<3> {
        self.latent.clone()
    }

    /// The refined tokens of each reference, `[batch or 1, patches, width]`.
    pub fn references(&self) -> &[Tensor<3>] {
        &self.references
    }

    /// A branch's joint sequence: text, the references it sees, the image being drawn.
    pub(crate) fn joint(&self, context: &Context) -> Tensor<3> {
        let [batch, _, width] = self.latent.dims();
        let shared = |tokens: &Tensor<3>| {
            let seq = tokens.dims()[1];
            tokens.clone().expand([batch, seq, width])
        };
        let references = self.references[..context.references].iter().map(shared);
        let parts = std::iter::once(shared(&context.text)).chain(references);
        Tensor::cat(parts.chain([self.latent.clone()]).collect(), 1)
    }
}
