//! What the tests of weights share.

use burn::module::{Param, Reparameterizer};
use burn::prelude::*;
use burn::tensor::Distribution;
use omnigen2_rope::ops::LowRank;

pub(crate) fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
}

/// Puts a change on every parameter, which does not learn itself.
pub(crate) struct Attach(pub(crate) LowRank);

impl Reparameterizer for Attach {
    type Reparam = LowRank;

    fn reparameterize<const D: usize>(
        &mut self,
        _path: &str,
        parameter: Param<Tensor<D>>,
    ) -> (Param<Tensor<D>>, Option<LowRank>) {
        (parameter.set_require_grad(false), Some(self.0.clone()))
    }
}
