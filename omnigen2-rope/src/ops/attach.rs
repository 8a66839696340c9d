use burn::module::{Module, Param, Reparameterization, Reparameterizer};
use burn::prelude::*;

/// The parameter with a reparameterization on it, which is not made by that.
pub(super) fn attach<R: Reparameterization, const D: usize>(
    reparameterization: R,
    parameter: Param<Tensor<D>>,
) -> Param<Tensor<D>> {
    parameter.apply_reparameterization(Attach(Some(reparameterization)))
}

struct Attach<R>(Option<R>);

impl<R: Reparameterization> Reparameterizer for Attach<R> {
    type Reparam = R;

    fn reparameterize<const D: usize>(
        &mut self,
        _path: &str,
        parameter: Param<Tensor<D>>,
    ) -> (Param<Tensor<D>>, Option<R>) {
        (parameter, self.0.take())
    }
}
