use burn::backend::flex::FlexTensor;

use super::tensors;
use crate::AttentionMask;

/// An [`AttentionMask`] in memory.
pub(super) enum Mask {
    None,
    Causal,
    /// Set where a key is hidden: `[batch or 1, queries, keys]`.
    Hidden(FlexTensor),
}

impl Mask {
    /// `None` if the mask cannot be read.
    pub(super) fn of(mask: &AttentionMask) -> Option<Self> {
        Some(match mask {
            AttentionMask::None => Self::None,
            AttentionMask::Causal => Self::Causal,
            AttentionMask::Hidden(mask) if mask.dims()[1] == 1 => Self::Hidden(tensors::read_bytes(mask)?),
            AttentionMask::Hidden(_) => return None,
        })
    }

    /// The mask of the queries of an image from one on, of `queries` to `keys`.
    pub(super) fn rows(&self, image: usize, query: usize, [queries, keys]: [usize; 2]) -> MaskRows<'_> {
        let all = MaskRows { keys, first: keys, step: 0, hidden: &[] };
        match self {
            Self::None => all,
            Self::Causal => MaskRows { first: (keys + query + 1).saturating_sub(queries), step: 1, ..all },
            Self::Hidden(mask) => {
                let batch = mask.bytes().len() / (queries * keys);
                MaskRows { hidden: &mask.bytes()[(image % batch * queries + query) * keys..], ..all }
            }
        }
    }
}

/// The mask of some queries of an image.
#[derive(Clone, Copy)]
pub(super) struct MaskRows<'a> {
    keys: usize,
    /// The first query sees no more than so many keys, each further one `step` more.
    first: usize,
    step: usize,
    /// Set where a key is hidden: `[queries, keys]`, or empty.
    hidden: &'a [u8],
}

impl MaskRows<'_> {
    /// Whether none of the first queries sees a key from one on.
    pub(super) fn hides_all_from(&self, key: usize, queries: usize) -> bool {
        key >= self.first + self.step * (queries - 1)
    }

    /// Hides keys in the scores of a query, of which the first is that of the key `from`, and padding.
    #[inline(always)]
    pub(super) fn hide(&self, scores: &mut [f32], query: usize, from: usize) {
        let seen = self.keys.min(self.first + self.step * query);
        let seen = scores.len().min(seen.saturating_sub(from));
        scores[seen..].fill(f32::NEG_INFINITY);
        if !self.hidden.is_empty() {
            let hidden = &self.hidden[query * self.keys + from..];
            for (x, &is_hidden) in scores[..seen].iter_mut().zip(hidden) {
                if is_hidden != 0 {
                    *x = f32::NEG_INFINITY;
                }
            }
        }
    }
}
