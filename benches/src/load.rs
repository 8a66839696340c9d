//! Opening a checkpoint and loading its parts: the tiny one, and that of the directory which `OMNIGEN2_CHECKPOINT`
//! names, if it is set.

use burn::module::Module;
use burn::prelude::*;
use criterion::Criterion;
use omnigen2_pipeline::Checkpoint;
use omnigen2_pipeline::weights::Storage;

use crate::{Group, must, published, tiny, tiny_checkpoint};

/// Adds the benchmarks of loading.
pub fn define(criterion: &mut Criterion, device: &Device) {
    add(&mut tiny(criterion, "load"), &tiny_checkpoint(), device);
    if let Some(root) = std::env::var_os("OMNIGEN2_CHECKPOINT") {
        add(&mut published(criterion, "load"), &must(Checkpoint::open(root)), device);
    }
}

fn add(group: &mut Group<'_>, checkpoint: &Checkpoint, device: &Device) {
    group.bench_function("open and verify", |bencher| {
        bencher.iter(|| must(must(Checkpoint::open(checkpoint.root())).verify(device)));
    });
    let storage = Storage::AsStored;
    loading(group, "transformer", || must(checkpoint.load_dit(device, storage)));
    loading(group, "language model", || must(checkpoint.load_mllm(device, storage)));
    loading(group, "vision tower", || must(checkpoint.load_vit(device, storage)));
    loading(group, "autoencoder", || must(checkpoint.load_vae(device, storage)));
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
