use burn::prelude::*;
use burn::tensor::{DType, activation::softmax};
use omnigen2_rope::ops::Linear;

use crate::norm::GroupNorm;

/// Scores held at a time: 64 MiB in F32, which is 1024 queries for an image of one megapixel.
const SCORES: usize = 1 << 24;

/// Attention of every place of the map over all places, in one head, added onto the map.
#[derive(Module, Debug)]
pub(crate) struct Attention {
    group_norm: GroupNorm,
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: [Linear; 1],
}

impl Attention {
    pub(crate) fn new(groups: usize, channels: usize, device: &Device) -> Self {
        let linear = || Linear::with_bias(channels, channels, device);
        Self {
            group_norm: GroupNorm::new(groups, channels, device),
            to_q: linear(),
            to_k: linear(),
            to_v: linear(),
            to_out: [linear()],
        }
    }

    /// # Shapes
    /// - x and output: `[batch, channels, height, width]`
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = x.dims();
        let places = height * width;
        let tokens = self.group_norm.forward(x.clone()).reshape([batch, channels, places]).swap_dims(1, 2);
        let queries = self.to_q.forward(tokens.clone()) * (channels as f64).powf(-0.5);
        let keys = self.to_k.forward(tokens.clone()).swap_dims(1, 2);
        let values = self.to_v.forward(tokens);
        let [out] = &self.to_out;
        let y = out.forward(attend(queries, keys, values, SCORES));
        x + y.swap_dims(1, 2).reshape([batch, channels, height, width])
    }
}

/// Softmax attention, as many queries at a time as have at most `scores` scores, or one.
///
/// # Shapes
/// - queries, values and output: `[batch, places, channels]`
/// - keys: `[batch, channels, places]`
fn attend(queries: Tensor<3>, keys: Tensor<3>, values: Tensor<3>, scores: usize) -> Tensor<3> {
    let [batch, places, _] = queries.dims();
    let dtype = queries.dtype();
    let chunk = (scores / (batch * places)).clamp(1, places);
    let parts = queries.split(chunk, 1).into_iter().map(|queries| {
        let scores = queries.matmul(keys.clone()).cast(DType::F32);
        softmax(scores, 2).cast(dtype).matmul(values.clone())
    });
    Tensor::cat(parts.collect(), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same F32 sums; a product of other sizes may add them in another order.
    const TOLERANCE: f32 = 1e-5;

    #[test]
    fn chunks_of_queries_change_nothing() {
        let device = Device::flex();
        let tokens = |scale: f32| {
            let values: Vec<f32> = (0..2 * 7 * 4).map(|i| (i as f32 * scale).sin()).collect();
            Tensor::<3>::from_data(TensorData::new(values, [2, 7, 4]), &device)
        };
        let attend = |scores| attend(tokens(0.7), tokens(1.3).swap_dims(1, 2), tokens(2.1), scores);
        let whole = attend(SCORES);
        for scores in [0, 14, 30, 45, 98] {
            let delta = (attend(scores) - whole.clone()).abs().max().into_scalar::<f32>();
            assert!(delta <= TOLERANCE, "at most {scores} scores: differs by {delta}");
        }
    }
}
