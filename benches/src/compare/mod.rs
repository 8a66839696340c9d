//! The cases of `cargo xtask compare`, on our side. `benches/compare` holds the same work in plain PyTorch, with the
//! same numbers: cases, inputs and weights go by the same names on both sides.

use std::time::Instant;

use burn::prelude::*;
use omnigen2_pipeline::weights::Storage;

mod attention;
mod dit;
mod mllm;
mod train;
mod vae;
mod vit;

/// One piece of work, ready to be done again and again.
pub struct Prepared {
    work: Box<dyn FnMut() -> Outcome>,
}

/// The outcome of one run.
pub struct Outcome {
    /// The seconds that it took. Where a network has fewer layers than the published one, the time of its layers is
    /// multiplied up to the published depth.
    pub seconds: f64,
    /// All numbers of the result, row by row.
    pub output: Tensor<1>,
    /// Bytes of weights that the published depth reads, where the work is bound by reading them.
    pub bytes: Option<usize>,
}

impl Prepared {
    fn new(work: impl FnMut() -> Outcome + 'static) -> Self {
        Self { work: Box::new(work) }
    }

    /// Does the work once.
    pub fn run(&mut self) -> Outcome {
        (self.work)()
    }
}

/// Makes ready the case of this name, if there is one; weights of transformers rest as asked.
pub fn prepare(name: &str, storage: Storage, device: &Device) -> Option<Prepared> {
    let prepared = match name {
        "dit-block-256" => dit::block(16, storage, device),
        "dit-block-1024" => dit::block(32, storage, device),
        "guided-step" => dit::guided_step(storage, device),
        "prefill-512" => mllm::prefill(storage, device),
        "decode" => mllm::decode(storage, device),
        "vae-decode-512" => vae::decode(device),
        "vae-encode-512" => vae::encode(device),
        "attention-1024" => attention::diffusion(1024, device),
        "attention-4096" => attention::diffusion(4096, device),
        "attention-causal-512" => attention::causal(512, device),
        "vit-block" => vit::blocks(storage, device),
        "train-step" => train::step(device),
        _ => return None,
    };
    Some(prepared)
}

/// A result and how long it took to be made.
struct Timed<T> {
    result: T,
    seconds: f64,
}

fn timed<T>(device: &Device, work: impl FnOnce() -> T) -> Timed<T> {
    let start = Instant::now();
    let result = work();
    crate::must(device.sync());
    Timed { result, seconds: start.elapsed().as_secs_f64() }
}

fn whole<const D: usize>(timed: Timed<Tensor<D>>) -> Outcome {
    Outcome { seconds: timed.seconds, output: flat(timed.result), bytes: None }
}

fn flat<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let count = x.dims().iter().product::<usize>();
    x.reshape([count])
}
