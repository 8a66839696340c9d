//! Criterion benchmarks of the OmniGen2 crates: one module for each area, whose `define` adds its benchmarks.
//!
//! Each area has a `tiny` group of the sizes of the test checkpoint, where overhead shows, and where that makes
//! sense a `published` group of the published widths at a depth of one layer or two. Weights are random, and
//! nothing is made before a benchmark that needs it runs, so that a filter keeps the others from costing time.

use std::time::Duration;

use burn::prelude::*;
use burn::tensor::Distribution;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode};
use omnigen2_pipeline::Checkpoint;

pub mod compare;
pub mod dit;
pub mod image;
pub mod load;
pub mod mllm;
pub mod rope;
pub mod synthetic;
pub mod vae;
pub mod vit;

/// The benchmarks of one area and size.
pub type Group<'c> = BenchmarkGroup<'c, WallTime>;

/// A group for work of up to some milliseconds.
pub fn tiny<'c>(criterion: &'c mut Criterion, area: &str) -> Group<'c> {
    let mut group = criterion.benchmark_group(format!("{area}/tiny"));
    group.sample_size(20).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    group
}

/// A group for work of up to some seconds: few samples, each of as few repetitions as fill the time.
pub fn published<'c>(criterion: &'c mut Criterion, area: &str) -> Group<'c> {
    let mut group = criterion.benchmark_group(format!("{area}/published"));
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.measurement_time(Duration::from_secs(5)).warm_up_time(Duration::from_millis(500));
    group
}

/// Returns whether every benchmark runs once, only to see that it works, as criterion decides it. The longest cases can then
/// be left out.
pub fn is_trial() -> bool {
    let asked = |option: &str| std::env::args().any(|argument| argument == option);
    asked("--test") || !asked("--bench")
}

/// Measures how long `work` takes until its device is done with it.
///
/// # Panics
/// If the work does not give a tensor of the shape `dims`, or its last result is not finite.
pub fn measure<const D: usize>(
    group: &mut Group<'_>,
    name: &str,
    dims: [usize; D],
    mut work: impl FnMut() -> Tensor<D>,
) {
    group.bench_function(name, |bencher| {
        let mut last = None;
        bencher.iter(|| {
            let result = work();
            must(result.device().sync());
            assert_eq!(result.dims(), dims, "{name}");
            last = Some(result);
        });
        assert!(last.is_some_and(is_finite), "{name} is not finite");
    });
}

fn is_finite<const D: usize>(x: Tensor<D>) -> bool {
    x.abs().max().into_scalar::<f32>().is_finite()
}

/// Standard normal numbers.
pub fn normal<const D: usize>(dims: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(dims, Distribution::Normal(0.0, 1.0), device)
}

/// The value, without which there is nothing to measure.
///
/// # Panics
/// If there is an error instead.
#[track_caller]
#[expect(clippy::expect_used, reason = "a benchmark whose work fails must end")]
pub fn must<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    result.expect("this can be done")
}

/// The tiny checkpoint that the pipeline is tested with.
///
/// # Panics
/// If it is not there.
pub fn tiny_checkpoint() -> Checkpoint {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../omnigen2-pipeline/tests/fixtures/tiny-checkpoint");
    must(Checkpoint::open(path))
}
