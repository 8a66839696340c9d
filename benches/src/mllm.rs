//! The language model reading a prompt.

use std::cell::LazyCell;

use burn::prelude::*;
use burn::tensor::FloatDType;
use criterion::Criterion;
use omnigen2_mllm::{Input, Mllm, MllmConfig};

use crate::{Group, measure, must, published, tiny, tiny_checkpoint};

/// Adds the benchmarks of `omnigen2-mllm`.
pub fn define(criterion: &mut Criterion, device: &Device) {
    let config = must(tiny_checkpoint().mllm_config());
    add(&mut tiny(criterion, "mllm"), &config.init(device), 64);
    // Rows of the vocabulary that are not read cost only memory.
    let config = MllmConfig { vocab_size: 1024, num_hidden_layers: 1, ..MllmConfig::qwen2_5_vl_3b() };
    let mllm = config.init(device);
    let mut group = published(criterion, "mllm");
    for tokens in [64, 512] {
        add(&mut group, &mllm, tokens);
    }
}

fn add(group: &mut Group<'_>, mllm: &Mllm, tokens: usize) {
    let input = LazyCell::new(|| {
        let ids: Vec<u32> = (0..tokens as u32).map(|i| i % 256).collect();
        must(Input::text(mllm, &ids, FloatDType::F32))
    });
    let dims = [1, tokens, mllm.config().hidden_size];
    measure(group, &format!("hidden/{tokens} tokens"), dims, || mllm.hidden(&input));
}
