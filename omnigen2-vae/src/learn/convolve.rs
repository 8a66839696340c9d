use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::{Flex, FlexTensor};
use burn::prelude::*;

use super::gradient::{bias_gradient, weight_gradient};
use super::map::{self, Padded, pack};
use super::{fresh, in_order, slice, tracked, wrap};
use crate::cpu::vector::lanes;

/// A convolution of the same height and width, recorded with its derivative.
///
/// # Shapes
/// - x: `[batch, input, height, width]`
/// - weight: `[output, input, side, side]`, of side 1 or 3
/// - bias: `[output]`
/// - output: `[batch, output, height, width]`
pub(crate) fn convolve(x: &Tensor<4>, weight: &Tensor<4>, bias: &Tensor<1>) -> Option<Tensor<4>> {
    let shape = Shape::of(x, weight)?;
    let [x, weight] = [tracked(x)?, tracked(weight)?];
    let bias = tracked(bias)?;
    let nodes = [x.node(), weight.node(), bias.node()];
    let [x, weight] = [in_order(x.primitive()), in_order(weight.primitive())];
    let bias = in_order(bias.primitive());
    let out = shape.forward(slice(&x), slice(&weight), slice(&bias));
    let out = fresh(out, [shape.batch, shape.outputs, shape.height, shape.width]);
    let out = match Convolve.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(Seen { shape, x, weight }, out),
        OpsKind::UnTracked(prep) => prep.finish(out),
    };
    Some(wrap(out))
}

#[derive(Clone, Copy, Debug)]
struct Shape {
    batch: usize,
    inputs: usize,
    outputs: usize,
    height: usize,
    width: usize,
    side: usize,
}

impl Shape {
    fn of(x: &Tensor<4>, weight: &Tensor<4>) -> Option<Self> {
        let ([batch, inputs, height, width], [outputs, _, side, _]) = (x.dims(), weight.dims());
        let fits = width > 0 && width.is_multiple_of(lanes()?) && [1, 3].contains(&side);
        fits.then_some(Self { batch, inputs, outputs, height, width, side })
    }

    fn padded(&self, x: &[f32], channels: usize) -> Padded {
        Padded::new(x, [channels, self.height, self.width], self.side)
    }

    fn forward(&self, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
        let taps = self.side * self.side;
        let at = |[output, input, tap]: [usize; 3]| weight[(output * self.inputs + input) * taps + tap];
        let packed = pack([self.outputs, self.inputs, taps], at);
        map::convolve(&self.padded(x, self.inputs), &packed, bias, self.outputs)
    }

    /// The convolution with the weight turned around and its channels exchanged.
    fn input_gradient(&self, gradient: &[f32], weight: &[f32]) -> Vec<f32> {
        let taps = self.side * self.side;
        let at =
            |[input, output, tap]: [usize; 3]| weight[(output * self.inputs + input) * taps + taps - 1 - tap];
        let packed = pack([self.inputs, self.outputs, taps], at);
        map::convolve(&self.padded(gradient, self.outputs), &packed, &[], self.inputs)
    }
}

#[derive(Debug)]
struct Convolve;

#[derive(Clone, Debug)]
struct Seen {
    shape: Shape,
    x: FlexTensor,
    weight: FlexTensor,
}

impl Backward<Flex, 3> for Convolve {
    type State = Seen;

    fn backward(self, ops: Ops<Seen, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let Seen { shape, x, weight } = ops.state;
        let gradient = in_order(&gradients.consume::<Flex>(&ops.node));
        let gradient = slice(&gradient);
        let Shape { batch, inputs, outputs, height, width, side } = shape;
        let [to_x, to_weight, to_bias] = ops.parents;
        if let Some(node) = to_x {
            let numbers = shape.input_gradient(gradient, slice(&weight));
            gradients.register::<Flex>(node.id, fresh(numbers, [batch, inputs, height, width]));
        }
        if let Some(node) = to_weight {
            let numbers = weight_gradient(&shape.padded(slice(&x), inputs), gradient, outputs);
            gradients.register::<Flex>(node.id, fresh(numbers, [outputs, inputs, side, side]));
        }
        if let Some(node) = to_bias {
            let numbers = bias_gradient(gradient, [outputs, height * width]);
            gradients.register::<Flex>(node.id, fresh(numbers, [outputs]));
        }
    }
}
