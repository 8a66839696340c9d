use burn::prelude::*;

/// The keys that each query of attention does not see.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one of it a pass, and it is lent")]
pub enum AttentionMask {
    /// No keys: every query sees all.
    None,
    /// The keys after a query; the last query sees all.
    Causal,
    /// The keys at which this is true: `[batch or 1, 1, queries, keys]`.
    Hidden(Tensor<4, Bool>),
}
