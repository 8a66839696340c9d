//! Drawing a whole picture with the tiny checkpoint, whose prompts have been read before.

use burn::prelude::*;
use criterion::Criterion;
use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::{CachePolicy, ImageRequest, OmniGen2};

use crate::{measure, must, tiny, tiny_checkpoint};

const SIDE: u32 = 64;

/// Adds the benchmarks of `omnigen2-pipeline`.
pub fn define(criterion: &mut Criterion, device: &Device) {
    let mut omnigen2 = must(OmniGen2::load(tiny_checkpoint().root(), device));
    let request = ImageRequest::new("a red fox in fresh snow").size(Size::new(SIDE, SIDE)).steps(4).seed(7);
    let caches = [("no cache", CachePolicy::None), ("TeaCache", CachePolicy::TeaCache { threshold: 0.05 })];
    let mut group = tiny(criterion, "image");
    for (name, cache) in caches {
        let request = request.clone().step_cache(cache);
        let dims = [3, SIDE as usize, SIDE as usize];
        measure(&mut group, &format!("{SIDE}x{SIDE}, 4 steps, {name}"), dims, || {
            let mut pictures = must(must(omnigen2.generate(&request)).finish_planes());
            pictures.remove(0).into_tensor(device)
        });
    }
}
