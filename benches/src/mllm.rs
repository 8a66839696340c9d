//! The language model reading a prompt, and decoding a reply after more and more of it.

use std::cell::LazyCell;

use burn::prelude::*;
use burn::tensor::{DType, FloatDType};
use criterion::Criterion;
use omnigen2_mllm::{Input, KvCache, Mllm, MllmConfig};

use crate::synthetic::Weights;
use crate::{Group, is_trial, measure, must, published, tiny, tiny_checkpoint};

/// Adds the benchmarks of `omnigen2-mllm`.
pub fn define(criterion: &mut Criterion, device: &Device) {
    let config = must(tiny_checkpoint().mllm_config());
    let mllm = config.init(device);
    let mut group = tiny(criterion, "mllm");
    add(&mut group, &mllm, 64);
    for tokens in [16, 250, 500, 1000, 2000] {
        add_decoding(&mut group, &mllm, tokens);
    }
    add_whole_reply(&mut group, &mllm, 2000);
    group.finish();
    for weights in [DType::BF16, DType::F32] {
        add_published(criterion, weights, device);
    }
}

/// One layer of the published width; rows of the vocabulary that are not read cost only memory.
fn add_published(criterion: &mut Criterion, weights: DType, device: &Device) {
    let config = MllmConfig { vocab_size: 1024, num_hidden_layers: 1, ..MllmConfig::qwen2_5_vl_3b() };
    let mllm = Weights::all(weights).fill(config.init(device));
    let mut group = published(criterion, &format!("mllm, {weights:?} weights"));
    for tokens in [64, 512] {
        add(&mut group, &mllm, tokens);
    }
    add_decoding(&mut group, &mllm, 16);
    add_decoding(&mut group, &mllm, 512);
    if !is_trial() {
        add_decoding(&mut group, &mllm, 2000);
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

/// One token more after `tokens`: the logits of the last, and the pass over the next. Ten times in a row, so that
/// the cache may grow on the way.
fn add_decoding(group: &mut Group<'_>, mllm: &Mllm, tokens: usize) {
    let mut filled = None;
    let dims = [1, mllm.config().vocab_size];
    measure(group, &format!("decode 10 tokens/after {tokens}"), dims, || {
        let cache = filled.get_or_insert_with(|| read(mllm, tokens));
        cache.truncate(tokens);
        decode(mllm, cache, 10)
    });
}

/// Every token of a reply of `tokens`, the growth of the cache with it.
fn add_whole_reply(group: &mut Group<'_>, mllm: &Mllm, tokens: usize) {
    let dims = [1, mllm.config().vocab_size];
    measure(group, &format!("decode {tokens} tokens/from the first"), dims, || {
        decode(mllm, &mut read(mllm, 1), tokens)
    });
}

fn read(mllm: &Mllm, tokens: usize) -> KvCache {
    let mut cache = KvCache::default();
    let ids: Vec<u32> = (0..tokens as u32).map(|i| i % 256).collect();
    must(mllm.extend(&must(Input::text(mllm, &ids, FloatDType::F32)), &mut cache));
    cache
}

fn decode(mllm: &Mllm, cache: &mut KvCache, tokens: usize) -> Tensor<2> {
    let next = |id: usize| {
        let input = must(Input::next_tokens(mllm, &[id as u32 % 256], FloatDType::F32));
        mllm.next_logits(must(mllm.extend(&input, cache)))
    };
    must((0..tokens).map(next).last().ok_or("no tokens"))
}
