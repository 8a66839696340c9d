//! How an operation enters burn's record of what is to be taken back.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::{Flex, FlexTensor};
use burn::backend::tensor::FloatTensor;
use burn::prelude::*;
use burn::tensor::DType;

use crate::cpu::tensors::{primitive, wrap};

/// A tensor on flex with its history.
pub(super) type Tracked = FloatTensor<Autodiff<Flex>>;

/// What an operation of `N` inputs needs to take a gradient back through it.
pub(super) trait Derivative<const N: usize>: Clone + Debug + Send + 'static {
    /// The gradient of each input that is wanted, or of all.
    fn gradients(self, of_output: FlexTensor, wanted: [bool; N]) -> [Option<FlexTensor>; N];
}

/// The tensor as flex under autodiff holds it, if it is in F32.
pub(super) fn tracked<const D: usize>(x: &Tensor<D>) -> Option<Tracked> {
    let is_known = x.is_autodiff() && x.dtype() == DType::F32;
    if is_known { x.clone().try_into_primitive::<Autodiff<Flex>>().ok() } else { None }
}

/// The tensor itself, without its history.
pub(super) fn bare<const D: usize>(x: &Tracked) -> Tensor<D> {
    wrap(x.primitive().clone())
}

/// The output with its history.
pub(super) fn record<const N: usize, const D: usize>(
    inputs: [&Tracked; N],
    output: Tensor<D>,
    derivative: impl Derivative<N>,
) -> Tensor<D> {
    let nodes = inputs.map(|input| input.node());
    let output = primitive(output);
    let output = match Recorded(PhantomData).prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(derivative, output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    };
    Tensor::from_primitive::<Autodiff<Flex>>(output)
}

#[derive(Debug)]
struct Recorded<D>(PhantomData<D>);

impl<D: Derivative<N>, const N: usize> Backward<Flex, N> for Recorded<D> {
    type State = D;

    fn backward(self, ops: Ops<D, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let of_output = gradients.consume::<Flex>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let found = ops.state.gradients(of_output, wanted);
        for (input, gradient) in ops.parents.into_iter().zip(found) {
            if let (Some(input), Some(gradient)) = (input, gradient) {
                gradients.register::<Flex>(input.id, gradient);
            }
        }
    }
}
