//! Opening the tiny checkpoint, and loading its parts.

use burn::module::Module;
use burn::prelude::*;
use criterion::Criterion;
use omnigen2_pipeline::weights::Storage;

use crate::{Group, must, tiny, tiny_checkpoint};

/// Adds the benchmarks of loading.
pub fn define(criterion: &mut Criterion, device: &Device) {
    let checkpoint = tiny_checkpoint();
    let mut group = tiny(criterion, "load");
    group.bench_function("open and verify", |bencher| {
        bencher.iter(|| must(tiny_checkpoint().verify(device)));
    });
    let storage = Storage::AsStored;
    loading(&mut group, "transformer", || must(checkpoint.load_dit(device, storage)));
    loading(&mut group, "language model", || must(checkpoint.load_mllm(device, storage)));
    loading(&mut group, "vision tower", || must(checkpoint.load_vit(device, storage)));
    loading(&mut group, "autoencoder", || must(checkpoint.load_vae(device, storage)));
}

fn loading<M: Module>(group: &mut Group<'_>, name: &str, load: impl Fn() -> M) {
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let part = load();
            let devices = part.devices();
            devices.iter().for_each(|device| must(device.sync()));
            assert!(part.num_params() > 0 && devices.len() == 1, "{name} has weights on one device");
            part
        });
    });
}
