use burn::prelude::*;

/// The statistics of every image and group, each `[batch, groups, 1]`.
#[derive(Clone, Debug)]
pub struct Moments {
    /// The mean of a group.
    pub mean: Tensor<3>,
    /// The mean squared distance from it.
    pub variance: Tensor<3>,
}
