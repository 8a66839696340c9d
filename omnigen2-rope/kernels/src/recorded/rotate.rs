use burn::backend::flex::FlexTensor;
use burn::prelude::*;

use super::record::{Derivative, bare, record, tracked};
use crate::cpu::heads::Heads;
use crate::cpu::registers::Registers;
use crate::cpu::rotate::{Table, turn};
use crate::cpu::tensors::{Contiguous, primitive};

/// [`rotate`](crate::rotate), recorded. The tables do not learn.
pub fn rotate<const ADJACENT: bool>(x: &Tensor<4>, cos: &Tensor<3>, sin: &Tensor<3>) -> Option<Tensor<4>> {
    let x = tracked(x)?;
    let [cos, sin] = [cos, sin].map(|table| table.clone().inner());
    let turned = crate::rotate::<ADJACENT>(&bare(&x), &cos, &sin)?;
    let table = Table { cos: Contiguous::of(&cos)?, sin: Contiguous::of(&-sin)? };
    let back = Back::<ADJACENT> { registers: Registers::find()?, table, dims: turned.dims() };
    Some(record([&x], turned, back))
}

/// The gradient is turned the other way.
#[derive(Clone, Debug)]
struct Back<const ADJACENT: bool> {
    registers: Registers,
    table: Table,
    dims: [usize; 4],
}

impl<const ADJACENT: bool> Derivative<1> for Back<ADJACENT> {
    fn gradients(self, of_output: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let gradient = Heads::gathered(&of_output, self.dims);
        [Some(primitive(turn::<ADJACENT>(self.registers, &gradient, &self.table, self.dims)))]
    }
}
