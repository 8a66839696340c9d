use burn::backend::flex::{Flex, FlexTensor};
use burn::prelude::*;

/// Which keys a query sees.
#[derive(Clone, Copy)]
pub(crate) enum Sight<'a> {
    All,
    /// Those not after it; the last query sees every key.
    Causal,
    /// Those at which this is false: `[batch or 1, 1, queries, keys]`.
    Hidden(&'a Tensor<4, Bool>),
}

impl Sight<'_> {
    /// The mask, if there is one; `None` if it cannot be read.
    pub(super) fn hidden(self) -> Option<Option<Hidden>> {
        match self {
            Self::All | Self::Causal => Some(None),
            Self::Hidden(mask) => Hidden::of(mask).map(Some),
        }
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
