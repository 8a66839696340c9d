//! Attention against its definition: `softmax(q · kᵀ / √head_dim) · v`.

use burn::prelude::*;
use burn::tensor::activation::softmax;
use omnigen2_rope::{AttentionMask, attend, merge_heads, split_heads};
use proptest::prelude::*;

use crate::support::{difference, numbers, uniform};

/// Weighted means of numbers of size 1, summed in another order.
const TOLERANCE: f32 = 1e-5;

#[derive(Clone, Copy, Debug)]
struct Case {
    batch: usize,
    kv_heads: usize,
    shared_by: usize,
    queries: usize,
    keys: usize,
    head_dim: usize,
    seed: u64,
}

impl Case {
    fn queries(self) -> Tensor<4> {
        uniform(self.seed, [self.batch, self.kv_heads * self.shared_by, self.queries, self.head_dim])
    }

    fn keys(self) -> Tensor<4> {
        uniform(!self.seed, [self.batch, self.kv_heads, self.keys, self.head_dim])
    }

    fn values(self) -> Tensor<4> {
        uniform(self.seed ^ 0x5555, [self.batch, self.kv_heads, self.keys, self.head_dim])
    }

    fn mask(self, hidden: impl Fn(usize, usize) -> bool) -> Tensor<4, Bool> {
        let pairs = (0..self.queries).flat_map(|query| (0..self.keys).map(move |key| (query, key)));
        let hidden: Vec<bool> = pairs.map(|(query, key)| hidden(query, key)).collect();
        Tensor::from_data(TensorData::new(hidden, [1, 1, self.queries, self.keys]), &Device::flex())
    }

    fn causal_mask(self) -> Tensor<4, Bool> {
        let before = self.keys - self.queries;
        self.mask(|query, key| key > query + before)
    }

    fn by_definition(self, hidden: Tensor<4, Bool>) -> Tensor<4> {
        let repeated = |x: Tensor<4>| {
            let heads =
                (0..self.kv_heads * self.shared_by).map(|head| x.clone().narrow(1, head / self.shared_by, 1));
            Tensor::cat(heads.collect(), 1)
        };
        let scores = self.queries().matmul(repeated(self.keys()).transpose()) / (self.head_dim as f64).sqrt();
        let dims = scores.dims();
        softmax(scores.mask_fill(hidden.expand(dims), -1e9), 3).matmul(repeated(self.values()))
    }
}

prop_compose! {
    fn case()(
        batch in 1usize..3,
        kv_heads in 1usize..4,
        shared_by in 1usize..4,
        queries in 1usize..12,
        before in 0usize..12,
        head_dim in 1usize..9,
        seed: u64,
    ) -> Case {
        Case { batch, kv_heads, shared_by, queries, keys: queries + before, head_dim: 2 * head_dim, seed }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn all_keys_are_seen_as_defined(case in case()) {
        let found = attend(case.queries(), case.keys(), case.values(), &AttentionMask::None);
        prop_assert!(difference(found, case.by_definition(case.mask(|_, _| false))) < TOLERANCE);
    }

    #[test]
    fn later_keys_are_not_seen(case in case()) {
        let found = attend(case.queries(), case.keys(), case.values(), &AttentionMask::Causal);
        prop_assert!(difference(found, case.by_definition(case.causal_mask())) < TOLERANCE);
    }

    #[test]
    fn a_causal_mask_is_causal_attention(case in case()) {
        let masked = attend(case.queries(), case.keys(), case.values(), &AttentionMask::Hidden(case.causal_mask()));
        let causal = attend(case.queries(), case.keys(), case.values(), &AttentionMask::Causal);
        prop_assert!(difference(masked, causal) < TOLERANCE);
    }

    #[test]
    fn masked_keys_are_not_seen(case in case(), period in 2usize..5) {
        let mask = || case.mask(|query, key| (query + key) % period == 1 && key > 0);
        let masked = attend(case.queries(), case.keys(), case.values(), &AttentionMask::Hidden(mask()));
        prop_assert!(difference(masked, case.by_definition(mask())) < TOLERANCE);
    }

    #[test]
    fn merging_undoes_splitting(batch in 1usize..3, seq in 1usize..9, heads in 1usize..5, head_dim in 1usize..9) {
        let x = uniform(7, [batch, seq, heads * head_dim]);
        let split = split_heads(x.clone(), heads);
        prop_assert_eq!(split.dims(), [batch, heads, seq, head_dim]);
        prop_assert_eq!(numbers(merge_heads(split)), numbers(x));
    }
}

#[test]
#[should_panic(expected = "a mask of [1, 1, 2, 3] meets 2 queries and 4 keys")]
fn a_mask_of_other_keys_is_refused() {
    let (queries, keys) = (uniform(1, [1, 1, 2, 8]), uniform(2, [1, 1, 4, 8]));
    let hidden = uniform(3, [1, 1, 2, 3]).greater_elem(0.0);
    attend(queries, keys.clone(), keys, &AttentionMask::Hidden(hidden));
}
