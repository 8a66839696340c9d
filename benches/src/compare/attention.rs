use burn::prelude::*;
use omnigen2_rope::{AttentionMask, attend};

use super::{Prepared, timed, whole};
use crate::synthetic::input;

/// The joint layers' attention.
pub(super) fn diffusion(tokens: usize, device: &Device) -> Prepared {
    prepared([21, 7, tokens, 120], AttentionMask::None, device)
}

/// The language model's attention to what it reads.
pub(super) fn causal(tokens: usize, device: &Device) -> Prepared {
    prepared([16, 2, tokens, 128], AttentionMask::Causal, device)
}

fn prepared(
    [heads, kv_heads, tokens, head_dim]: [usize; 4],
    mask: AttentionMask,
    device: &Device,
) -> Prepared {
    let queries = input("queries", [1, heads, tokens, head_dim], device);
    let [keys, values] = ["keys", "values"].map(|name| input(name, [1, kv_heads, tokens, head_dim], device));
    let device = device.clone();
    Prepared::new(move || {
        let inputs = [&queries, &keys, &values].map(Tensor::clone);
        whole(timed(&device, || {
            let [queries, keys, values] = inputs;
            attend(queries, keys, values, &mask)
        }))
    })
}
