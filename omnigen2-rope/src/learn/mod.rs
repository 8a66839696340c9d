//! Operations with derivatives of their own, for training on burn's CPU backend `flex`: forwards they are the kernels
//! of inference, and backwards one pass takes the place of a dozen. Every entry gives `None` where it does not apply,
//! and the caller takes burn's operations instead.

mod attend;
mod gate;
mod norm;
mod rotate;
#[cfg(test)]
mod tests;

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

pub(crate) use attend::attend;
pub(crate) use gate::silu_gate;
pub(crate) use norm::rms_norm;
pub(crate) use rotate::rotate;

type Tracked = FloatTensor<Autodiff<Flex>>;

/// What an operation of `N` inputs needs to take a gradient back through it.
trait Derivative<const N: usize>: Clone + Debug + Send + 'static {
    /// The gradient of each input.
    fn gradients(self, of_output: FlexTensor) -> [FlexTensor; N];
}

/// The tensor as flex under autodiff holds it, if it is in F32.
fn tracked<const D: usize>(x: &Tensor<D>) -> Option<Tracked> {
    let is_known = x.is_autodiff() && x.dtype() == DType::F32;
    if is_known { x.clone().try_into_primitive::<Autodiff<Flex>>().ok() } else { None }
}

/// The tensor itself, without its history.
fn bare<const D: usize>(x: &Tracked) -> Tensor<D> {
    plain(x.primitive().clone())
}

fn plain<const D: usize>(x: FlexTensor) -> Tensor<D> {
    Tensor::from_primitive::<Flex>(x)
}

fn primitive<const D: usize>(x: Tensor<D>) -> Option<FlexTensor> {
    x.try_into_primitive::<Flex>().ok()
}

/// The output with its history.
fn record<const N: usize, const D: usize>(
    inputs: [&Tracked; N],
    output: Tensor<D>,
    derivative: impl Derivative<N>,
) -> Option<Tensor<D>> {
    let nodes = inputs.map(|input| input.node());
    let output = primitive(output)?;
    let output = match Recorded(PhantomData).prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(derivative, output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    };
    Some(Tensor::from_primitive::<Autodiff<Flex>>(output))
}

#[derive(Debug)]
struct Recorded<D>(PhantomData<D>);

impl<D: Derivative<N>, const N: usize> Backward<Flex, N> for Recorded<D> {
    type State = D;

    fn backward(self, ops: Ops<D, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let of_output = gradients.consume::<Flex>(&ops.node);
        for (input, gradient) in ops.parents.into_iter().zip(ops.state.gradients(of_output)) {
            if let Some(input) = input {
                gradients.register::<Flex>(input.id, gradient);
            }
        }
    }
}
