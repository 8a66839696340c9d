use burn::backend::flex::FlexTensor;
use burn::prelude::*;

use super::{Derivative, bare, plain, primitive, record, tracked};
use crate::cpu;

/// [`cpu::rotate`], recorded. The tables do not learn.
pub(crate) fn rotate<const ADJACENT: bool>(
    x: &Tensor<4>,
    cos: &Tensor<3>,
    sin: &Tensor<3>,
) -> Option<Tensor<4>> {
    let x = tracked(x)?;
    let [cos, sin] = [cos, sin].map(|table| table.clone().inner());
    let turned = cpu::rotate::<ADJACENT>(&bare(&x), &cos, &sin)?;
    record([&x], turned, Back::<ADJACENT> { cos, sin: -sin })
}

/// The gradient is turned the other way.
#[derive(Clone, Debug)]
struct Back<const ADJACENT: bool> {
    cos: Tensor<3>,
    sin: Tensor<3>,
}

impl<const ADJACENT: bool> Derivative<1> for Back<ADJACENT> {
    fn gradients(self, of_output: FlexTensor) -> [FlexTensor; 1] {
        let back = cpu::rotate::<ADJACENT>(&plain(of_output.clone()), &self.cos, &self.sin);
        [back.and_then(primitive).unwrap_or(of_output)]
    }
}
