use burn::module::Module;
use burn::prelude::*;
use burn::tensor::{DType, FloatDType};
use omnigen2_mllm::{Input, KvCache, Mllm, MllmConfig};
use omnigen2_pipeline::weights::Storage;

use super::{Outcome, Prepared, flat, timed};
use crate::must;
use crate::synthetic::Weights;

const TOKENS: u32 = 512;
/// Layers computed here, of the published network's 36.
const LAYERS: usize = 4;
const PUBLISHED_LAYERS: usize = 36;

/// Reading 512 tokens into an empty cache, and the logits of what follows.
pub(super) fn prefill(storage: Storage, device: &Device) -> Prepared {
    let mllm = mllm(storage, device);
    let input = must(Input::text(&mllm, &prompt(), FloatDType::F32));
    let device = device.clone();
    Prepared::new(move || {
        let read = timed(&device, || must(mllm.extend(&input, &mut KvCache::default())));
        logits(&mllm, read.result, read.seconds)
    })
}

/// One token after 512, and the logits of what follows it.
pub(super) fn decode(storage: Storage, device: &Device) -> Prepared {
    let mllm = mllm(storage, device);
    let mut cache = KvCache::default();
    must(mllm.extend(&must(Input::text(&mllm, &prompt(), FloatDType::F32)), &mut cache));
    let bytes = published_bytes(&mllm);
    let device = device.clone();
    Prepared::new(move || {
        cache.truncate(TOKENS as usize);
        let read = timed(&device, || {
            let input = must(Input::next_tokens(&mllm, &[TOKENS], FloatDType::F32));
            must(mllm.extend(&input, &mut cache))
        });
        Outcome { bytes: Some(bytes), ..logits(&mllm, read.result, read.seconds) }
    })
}

fn logits(mllm: &Mllm, hidden: Tensor<3>, layers: f64) -> Outcome {
    let logits = timed(&hidden.device(), || mllm.next_logits(hidden));
    let deeper = (PUBLISHED_LAYERS / LAYERS) as f64;
    Outcome { seconds: deeper * layers + logits.seconds, output: flat(logits.result), bytes: None }
}

/// What a token reads: each layer, and the embeddings for the logits.
fn published_bytes(mllm: &Mllm) -> usize {
    let config = mllm.config();
    let embeddings = config.vocab_size * config.hidden_size;
    let layers = mllm.num_params() - embeddings;
    DType::BF16.size() * (embeddings + layers * PUBLISHED_LAYERS / LAYERS)
}

fn mllm(storage: Storage, device: &Device) -> Mllm {
    let config = MllmConfig { num_hidden_layers: LAYERS, ..MllmConfig::qwen2_5_vl_3b() };
    let weights = Weights { storage, fine: omnigen2_mllm::FINE, ..Weights::all(DType::BF16) };
    weights.fill(config.init(device))
}

fn prompt() -> Vec<u32> {
    (0..TOKENS).collect()
}
