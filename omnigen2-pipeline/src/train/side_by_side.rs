use std::panic::resume_unwind;
use std::thread::{available_parallelism, scope};

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::TrainError;
use crate::Result;

/// Does several works at once, each on its share of the cores.
///
/// Each has a pool of its own: small tensors waste more on being split among cores than is won, and a worker of a
/// common pool that waits inside of one backward pass might begin another.
pub(super) fn side_by_side<W: Send, D: Send>(works: Vec<W>, work: impl Fn(W) -> D + Sync) -> Result<Vec<D>> {
    let cores = available_parallelism().map_or(1, usize::from) / works.len().max(1);
    let pools = works.iter().map(|_| pool(cores)).collect::<Result<Vec<_>>>()?;
    let work = &work;
    Ok(scope(|scope| {
        let threads =
            works.into_iter().zip(&pools).map(|(one, pool)| scope.spawn(|| pool.install(|| work(one))));
        // All are begun before one is waited for.
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    }))
}

fn pool(cores: usize) -> Result<ThreadPool> {
    let pool = ThreadPoolBuilder::new().num_threads(cores.max(1)).build();
    pool.map_err(|source| TrainError::Threads { source }.into())
}
