use burn::prelude::*;
use burn::tensor::DType;
use burn::tensor::activation::log_softmax;

use crate::mllm::Mllm;

/// A token that a language model learns to predict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetToken {
    /// The sequence in the batch.
    pub row: usize,
    /// The place in the sequence, above 0.
    pub place: usize,
    /// The token to be predicted.
    pub id: u32,
}

impl Mllm {
    /// The mean cross-entropy of some tokens of a batch, each predicted from those before it, in F32: `[1]`.
    ///
    /// # Shapes
    /// - hidden: of the whole sequences, `[batch, seq, width]`
    ///
    /// # Panics
    /// If there are no tokens, or one has no token before it or is outside the batch.
    pub fn token_loss(&self, hidden: Tensor<3>, tokens: &[TargetToken]) -> Tensor<1> {
        let [batch, seq, width] = hidden.dims();
        let count = tokens.len();
        let inside = |token: &TargetToken| token.row < batch && (1..seq).contains(&token.place);
        assert!(count > 0 && tokens.iter().all(inside), "tokens outside {batch} sequences of {seq}");
        let device = hidden.device();
        let before = tokens.iter().map(|token| (token.row * seq + token.place - 1) as i64).collect();
        let before = Tensor::<1, Int>::from_data(TensorData::new(before, [count]), &device);
        let before = hidden.reshape([batch * seq, width]).select(0, before);
        let logits = self.logits(before.unsqueeze()).squeeze_dim::<2>(0).cast(DType::F32);
        let ids = tokens.iter().map(|token| i64::from(token.id)).collect();
        let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [count, 1]), &device);
        -log_softmax(logits, 1).gather(1, ids).mean()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MllmConfig;

    /// F32 sums over a small vocabulary.
    const TOLERANCE: f32 = 1e-5;

    #[test]
    fn it_is_the_mean_surprise_of_the_tokens() {
        let device = Device::flex();
        let config = MllmConfig { vocab_size: 6, ..MllmConfig::tiny() };
        let mllm = config.init(&device);
        let width = mllm.config().hidden_size;
        let hidden = Tensor::<3>::random([2, 4, width], burn::tensor::Distribution::Default, &device);
        let tokens = [[0, 1, 3], [1, 3, 5]];
        let tokens = tokens.map(|[row, place, id]| TargetToken { row, place, id: id as u32 });
        let found = mllm.token_loss(hidden.clone(), &tokens).into_scalar::<f32>();
        let chances = log_softmax(mllm.logits(hidden), 2).into_data().try_into_vec::<f32>().unwrap();
        let at = |row: usize, place: usize, id: usize| chances[(row * 4 + place) * 6 + id];
        let expected = -(at(0, 0, 3) + at(1, 2, 5)) / 2.0;
        assert!((found - expected).abs() < TOLERANCE, "{found} {expected}");
    }
}
