use burn::backend::flex::FlexTensor;
use burn::prelude::*;

use super::padded::{self, Padded, Weights, pack};
use super::record::{Derivative, record, tracked};
use super::weight_gradient::{bias_gradient, weight_gradient};
use crate::cpu::registers::Registers;
use crate::cpu::tensors::{Contiguous, fresh, tensor};

/// A convolution of the same height and width, recorded with its derivative.
///
/// # Shapes
/// - x: `[batch, input, height, width]`
/// - weight: `[output, input, side, side]`, of side 1 or 3
/// - bias: `[output]`
/// - output: `[batch, output, height, width]`
pub fn convolve(x: &Tensor<4>, weight: &Tensor<4>, bias: &Tensor<1>) -> Option<Tensor<4>> {
    let size = Size::of(x, weight)?;
    let inputs = [tracked(x)?, tracked(weight)?, tracked(bias)?];
    let [x, weight, bias] = inputs.each_ref().map(|input| Contiguous::from(input.primitive().clone()));
    let out = size.forward(x.slice(), weight.slice(), bias.slice());
    let out = tensor(out, [size.batch, size.outputs, size.height, size.width]);
    Some(record(inputs.each_ref(), out, Convolved { size, x, weight }))
}

#[derive(Clone, Copy, Debug)]
struct Size {
    registers: Registers,
    batch: usize,
    inputs: usize,
    outputs: usize,
    height: usize,
    width: usize,
    side: usize,
}

impl Size {
    fn of(x: &Tensor<4>, weight: &Tensor<4>) -> Option<Self> {
        let ([batch, inputs, height, width], [outputs, _, side, _]) = (x.dims(), weight.dims());
        let registers = Registers::dividing(width)?;
        [1, 3].contains(&side).then_some(Self { registers, batch, inputs, outputs, height, width, side })
    }

    fn padded(&self, x: &[f32], channels: usize) -> Padded {
        Padded::new(x, [channels, self.height, self.width], self.side)
    }

    fn forward(&self, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
        let taps = self.side * self.side;
        let at = |[output, input, tap]: [usize; 3]| weight[(output * self.inputs + input) * taps + tap];
        let packed = pack([self.outputs, self.inputs, taps], at);
        padded::convolve(
            self.registers,
            &self.padded(x, self.inputs),
            Weights { packed: &packed, bias, outputs: self.outputs },
        )
    }

    /// The convolution with the weight turned around and its channels exchanged.
    fn input_gradient(&self, gradient: &[f32], weight: &[f32]) -> Vec<f32> {
        let taps = self.side * self.side;
        let at =
            |[input, output, tap]: [usize; 3]| weight[(output * self.inputs + input) * taps + taps - 1 - tap];
        let packed = pack([self.inputs, self.outputs, taps], at);
        padded::convolve(
            self.registers,
            &self.padded(gradient, self.outputs),
            Weights { packed: &packed, bias: &[], outputs: self.inputs },
        )
    }
}

#[derive(Clone, Debug)]
struct Convolved {
    size: Size,
    x: Contiguous,
    weight: Contiguous,
}

impl Derivative<3> for Convolved {
    fn gradients(self, of_output: FlexTensor, wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let Self { size, x, weight } = self;
        let Size { registers, batch, inputs, outputs, height, width, side } = size;
        let gradient = Contiguous::from(of_output);
        let gradient = gradient.slice();
        let [to_x, to_weight, to_bias] = wanted;
        let to_x = to_x.then(|| {
            let numbers = size.input_gradient(gradient, weight.slice());
            fresh(numbers, [batch, inputs, height, width].into())
        });
        let to_weight = to_weight.then(|| {
            let numbers = weight_gradient(registers, &size.padded(x.slice(), inputs), gradient, outputs);
            fresh(numbers, [outputs, inputs, side, side].into())
        });
        let to_bias = to_bias.then(|| {
            let numbers = bias_gradient(registers, gradient, [outputs, height * width]);
            fresh(numbers, [outputs].into())
        });
        [to_x, to_weight, to_bias]
    }
}
