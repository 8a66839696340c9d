use burn::backend::flex::{Flex, FlexTensor};
use burn::prelude::*;

use crate::attention::Sight;

/// [`Sight`], with the mask in memory.
pub(super) enum Seen {
    All,
    Causal,
    Hidden(Hidden),
}

impl Seen {
    /// `None` if the mask cannot be read.
    pub(super) fn of(sight: Sight<'_>) -> Option<Self> {
        Some(match sight {
            Sight::All => Self::All,
            Sight::Causal => Self::Causal,
            Sight::Hidden(mask) => Self::Hidden(Hidden::of(mask)?),
        })
    }
}

/// A mask in memory.
pub(super) struct Hidden {
    mask: FlexTensor,
    /// `[batch or 1, queries, keys]`.
    dims: [usize; 3],
}

impl Hidden {
    fn of(mask: &Tensor<4, Bool>) -> Option<Self> {
        let [batch, _, queries, keys] = mask.dims();
        let mask = mask.clone().try_into_primitive::<Flex>().ok()?.to_contiguous();
        let is_bytes = mask.bytes().len() == batch * queries * keys;
        is_bytes.then_some(Self { mask, dims: [batch, queries, keys] })
    }

    /// The rows of an image from a query on, `[queries, keys]`.
    pub(super) fn rows(&self, image: usize, query: usize) -> &[u8] {
        let [batch, queries, keys] = self.dims;
        &self.mask.bytes()[(image % batch * queries + query) * keys..]
    }
}
