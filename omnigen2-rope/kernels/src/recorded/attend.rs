use burn::backend::flex::FlexTensor;
use burn::prelude::*;
use burn::tensor::activation::softmax;

use super::record::{Derivative, bare, record, tracked};
use crate::AttentionMask;
use crate::cpu::tensors::{primitive, wrap};

/// [`attend`](crate::attend), recorded; `None` where single keys are hidden.
pub fn attend(
    queries: &Tensor<4>,
    keys: &Tensor<4>,
    values: &Tensor<4>,
    mask: &AttentionMask,
) -> Option<Tensor<4>> {
    let is_causal = match mask {
        AttentionMask::None => false,
        AttentionMask::Causal => true,
        AttentionMask::Hidden(_) => return None,
    };
    let (queries, keys, values) = (tracked(queries)?, tracked(keys)?, tracked(values)?);
    let seen = Attended { queries: bare(&queries), keys: bare(&keys), values: bare(&values), is_causal };
    let out = crate::attend(&seen.queries, &seen.keys, &seen.values, mask)?;
    Some(record([&queries, &keys, &values], out, seen))
}

/// The chances are made again instead of being kept.
#[derive(Clone, Debug)]
struct Attended {
    queries: Tensor<4>,
    keys: Tensor<4>,
    values: Tensor<4>,
    is_causal: bool,
}

impl Attended {
    fn chances(&self, queries: Tensor<4>, keys: Tensor<4>) -> Tensor<4> {
        let scores = queries.matmul(keys.transpose());
        if !self.is_causal {
            return softmax(scores, 3);
        }
        let [_, _, rows, columns] = scores.dims();
        let mask = Tensor::<2, Bool>::tril_mask([rows, columns], (columns - rows) as i64, &scores.device());
        softmax(scores.mask_fill(mask.unsqueeze(), f32::NEG_INFINITY), 3)
    }
}

impl Derivative<3> for Attended {
    fn gradients(self, of_output: FlexTensor, _: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let gradient: Tensor<4> = wrap(of_output);
        let [batch, heads, _, head_dim] = self.queries.dims();
        let [_, kv_heads, seq, _] = self.keys.dims();
        let times = heads / kv_heads;
        let spread = |x: &Tensor<4>| {
            let wide = x.clone().unsqueeze_dim::<5>(2).expand([batch, kv_heads, times, seq, head_dim]);
            wide.reshape([batch, heads, seq, head_dim])
        };
        let gather = |x: Tensor<4>| {
            let parts = x.reshape([batch, kv_heads, times, seq, head_dim]);
            parts.sum_dim(2).reshape([batch, kv_heads, seq, head_dim])
        };
        let queries = self.queries.clone() * (head_dim as f64).powf(-0.5);
        let (keys, values) = (spread(&self.keys), spread(&self.values));
        let chances = self.chances(queries.clone(), keys.clone());
        let to_values = chances.clone().transpose().matmul(gradient.clone());
        let to_chances = gradient.matmul(values.transpose()) * chances.clone();
        let to_scores = to_chances.clone() - chances * to_chances.sum_dim(3);
        let to_queries = to_scores.clone().matmul(keys) * (head_dim as f64).powf(-0.5);
        let to_keys = to_scores.transpose().matmul(queries);
        [to_queries, gather(to_keys), gather(to_values)].map(|gradient| Some(primitive(gradient)))
    }
}
