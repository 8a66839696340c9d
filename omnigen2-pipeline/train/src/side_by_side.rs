use std::panic::resume_unwind;
use std::thread::{available_parallelism, scope};

use burn::module::{Module, ModuleMapper, Param};
use burn::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::TrainError;
use super::error::Result;
use super::gradients::Gradients;

/// The loss of a batch and its gradients.
#[derive(Clone, Debug)]
pub struct Learnt {
    /// The loss of the batch.
    pub loss: f64,
    /// The gradients of the loss.
    pub gradients: Gradients,
}

/// Computes the gradients of batches on an autodiff device, in their order: on a CPU all at once, each on its share of
/// the cores and with a history of its own.
///
/// Each has a pool of its own: small tensors waste more on being split among cores than is won, and a worker of a
/// common pool that waits inside of one backward pass might begin another.
///
/// # Errors
/// The first of `loss`, or if the system has no more threads.
pub fn learn_side_by_side<M, B>(
    module: &M,
    batches: Vec<B>,
    loss: impl Fn(&M, B) -> Result<Tensor<1>> + Sync,
) -> Result<Vec<Learnt>>
where
    M: Module + Send + Sync,
    B: Send,
{
    let cores = available_parallelism().map_or(1, usize::from) / batches.len().max(1);
    let pools = batches.iter().map(|_| pool(cores)).collect::<Result<Vec<_>>>()?;
    let loss = &loss;
    scope(|scope| {
        let threads = batches.into_iter().zip(&pools).map(|(batch, pool)| {
            let module = apart(module);
            scope.spawn(move || pool.install(|| learn(&module, batch, loss)))
        });
        // All are begun before one is waited for.
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// What one batch teaches.
pub(super) fn learn<M: Module, B>(
    module: &M,
    batch: B,
    loss: impl Fn(&M, B) -> Result<Tensor<1>>,
) -> Result<Learnt> {
    let loss = loss(module, batch)?;
    let mean = f64::from(loss.clone().into_scalar::<f32>());
    Ok(Learnt { loss: mean, gradients: Gradients::of(module, loss.backward()) })
}

fn pool(cores: usize) -> Result<ThreadPool> {
    let pool = ThreadPoolBuilder::new().num_threads(cores.max(1)).build();
    pool.map_err(|source| TrainError::Threads { source })
}

/// The same module with a history of its own, so that several can be learnt from at once.
fn apart<M: Module>(module: &M) -> M {
    module.clone().map(&mut Apart)
}

struct Apart;

impl ModuleMapper for Apart {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        parameter.map(|value| {
            let learns = value.is_require_grad();
            let value = value.inner().autodiff();
            if learns { value.require_grad() } else { value }
        })
    }
}
