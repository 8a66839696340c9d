use burn::module::Module;

use crate::checkpoint::DIT_NAMING;
use crate::weights::inventory;

const WEIGHT: &str = ".weight";

/// A linear layer of a network.
pub(super) struct Layer {
    /// The layer's name in checkpoints.
    pub(super) name: String,
    /// `[output, input]`.
    pub(super) shape: [usize; 2],
}

/// The linear layers of a transformer. Nothing is allocated or initialised.
pub(super) fn layers<M: Module>(dit: &M) -> impl Iterator<Item = Layer> {
    inventory(dit).into_iter().filter_map(|parameter| {
        let shape = parameter.shape.try_into().ok()?;
        Some(Layer { name: layer(&parameter.path)?, shape })
    })
}

/// The name in checkpoints of the layer whose weight is at a path.
pub(super) fn layer(path: &str) -> Option<String> {
    DIT_NAMING.rename(path).strip_suffix(WEIGHT).map(str::to_owned)
}
