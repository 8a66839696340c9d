use burn::prelude::*;
use burn::tensor::activation::softmax;
use burn::tensor::module::attention;
use burn::tensor::ops::AttentionModuleOptions;
use omnigen2_kernels::{self as kernels, AttentionMask, recorded};

/// Scaled dot-product attention with shared key and value heads: heads `g·heads/kv_heads …` of the queries
/// read head `g` of the keys and values. The scale is `1/√head_dim`.
///
/// # Shapes
/// - queries: `[batch, heads, queries, head_dim]`
/// - keys, values: `[batch, kv_heads, keys, head_dim]`
/// - output: `[batch, heads, queries, head_dim]`
///
/// # Panics
/// If shapes disagree or `heads` is not a multiple of `kv_heads`.
pub fn attend(queries: Tensor<4>, keys: Tensor<4>, values: Tensor<4>, mask: &AttentionMask) -> Tensor<4> {
    let times = sharing(&queries, &keys, &values);
    check(mask, &queries, &keys);
    if let Some(attended) = recorded::attend(&queries, &keys, &values, mask) {
        return attended;
    }
    let [batch, heads, count, _] = queries.dims();
    if count == 1 {
        return attend_one(queries, keys, values, mask);
    }
    if let Some(attended) = kernels::attend(&queries, &keys, &values, mask) {
        return attended;
    }
    let hidden = hidden(mask, [batch, heads, count, keys.dims()[2]]);
    let is_causal = matches!(mask, AttentionMask::Causal);
    let options = AttentionModuleOptions { is_causal, ..Default::default() };
    attend_repeated([queries, repeat_heads(keys, times), repeat_heads(values, times)], hidden, options)
}

/// The heads that share keys become the queries of one head, so that the keys and values of a cache are read
/// where they lie and none is copied.
fn attend_one(queries: Tensor<4>, keys: Tensor<4>, values: Tensor<4>, mask: &AttentionMask) -> Tensor<4> {
    if let Some(attended) = kernels::attend_one(&queries, &keys, &values, mask) {
        return attended;
    }
    let [batch, heads, one, head_dim] = queries.dims();
    let [_, kv_heads, seq, _] = keys.dims();
    let shared = [batch, kv_heads, heads / kv_heads, head_dim];
    let queries = queries.reshape(shared) * (head_dim as f64).powf(-0.5);
    let scores = queries.matmul(keys.transpose());
    let scores = match hidden(mask, [batch, kv_heads, shared[2], seq]) {
        Some(hidden) => scores.mask_fill(hidden, f32::NEG_INFINITY),
        None => scores,
    };
    softmax(scores, 3).matmul(values).reshape([batch, heads, one, head_dim])
}

/// The keys that are hidden one by one, if there are any, for scores of these dimensions.
fn hidden(mask: &AttentionMask, scores: [usize; 4]) -> Option<Tensor<4, Bool>> {
    match mask {
        AttentionMask::None | AttentionMask::Causal => None,
        AttentionMask::Hidden(mask) => Some(mask.clone().expand(scores)),
    }
}

fn check(mask: &AttentionMask, queries: &Tensor<4>, keys: &Tensor<4>) {
    if let AttentionMask::Hidden(mask) = mask {
        let ([batch, _, count, _], [.., seq, _]) = (queries.dims(), keys.dims());
        let fits = [1, batch].map(|images| [images, 1, count, seq]).contains(&mask.dims());
        assert!(fits, "a mask of {:?} meets {count} queries and {seq} keys of {batch} images", mask.dims());
    }
}

/// The number of query heads that read one key head.
fn sharing(queries: &Tensor<4>, keys: &Tensor<4>, values: &Tensor<4>) -> usize {
    let [batch, heads, _, head_dim] = queries.dims();
    let [_, kv_heads, seq, _] = keys.dims();
    assert_eq!(keys.dims(), [batch, kv_heads, seq, head_dim], "keys do not fit queries");
    assert_eq!(values.dims(), keys.dims(), "values do not fit keys");
    assert!(heads.is_multiple_of(kv_heads), "{heads} heads cannot share {kv_heads} key and value heads");
    heads / kv_heads
}

/// Splits the last axis into heads.
///
/// # Shapes
/// - x: `[batch, seq, heads · head_dim]`
/// - output: `[batch, heads, seq, head_dim]`
///
/// # Panics
/// If the last axis is not a multiple of `heads`.
pub fn split_heads(x: Tensor<3>, heads: usize) -> Tensor<4> {
    let [batch, seq, width] = x.dims();
    x.reshape([batch, seq, heads, width / heads]).swap_dims(1, 2)
}

/// Undoes [`split_heads`].
///
/// # Shapes
/// - x: `[batch, heads, seq, head_dim]`
/// - output: `[batch, seq, heads · head_dim]`
pub fn merge_heads(x: Tensor<4>) -> Tensor<3> {
    let [batch, heads, seq, head_dim] = x.dims();
    x.swap_dims(1, 2).reshape([batch, seq, heads * head_dim])
}

/// burn's fused kernels take heads of so many channels, or multiples of them.
const CHANNELS: usize = 16;

/// burn's attention of as many heads of queries as of keys. Heads are filled up with zeros, and the queries scaled
/// for the larger size, because a scale of the caller's own would keep burn from its fused kernels.
fn attend_repeated(
    heads: [Tensor<4>; 3],
    hidden: Option<Tensor<4, Bool>>,
    options: AttentionModuleOptions,
) -> Tensor<4> {
    let head_dim = heads[0].dims()[3];
    let filled = head_dim.next_multiple_of(CHANNELS);
    if filled == head_dim {
        let [queries, keys, values] = heads;
        return attention(queries, keys, values, hidden, None, options);
    }
    let [queries, keys, values] = heads.map(|x| x.pad((0, filled - head_dim, 0, 0), 0.0));
    let queries = queries * (filled as f64 / head_dim as f64).sqrt();
    attention(queries, keys, values, hidden, None, options).narrow(3, 0, head_dim)
}

// burn 0.22.1's GPU kernels read shared key heads wrongly, so heads are repeated on every backend.
fn repeat_heads(x: Tensor<4>, times: usize) -> Tensor<4> {
    if times == 1 {
        return x;
    }
    let [batch, heads, seq, head_dim] = x.dims();
    x.unsqueeze_dim::<5>(2).expand([batch, heads, times, seq, head_dim]).reshape([
        batch,
        heads * times,
        seq,
        head_dim,
    ])
}
