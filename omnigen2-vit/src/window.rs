use std::ops::Range;

use burn::prelude::*;
use omnigen2_rope::{Grid, Position, merge_block_positions};

use crate::config::VitConfig;

/// Windows of one size that stand next to each other in the sequence and attend in one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// The number of windows.
    pub(crate) windows: usize,
    /// The number of patches in each.
    pub(crate) patches: usize,
}

/// The order in which an image's patches pass through the blocks: window by window, windows of one size together.
///
/// Attention does not see the order of its windows, so that sorting them by size, where the reference goes row by
/// row, changes no number and leaves at most four groups: inner windows, two edges and a corner.
#[derive(Clone, Debug)]
pub(crate) struct Windows {
    /// The merged token, counted row by row, at each place.
    order: Vec<usize>,
    /// The windows by size.
    pub(crate) groups: Vec<Group>,
    /// Patches in a merged token.
    merged: usize,
}

impl Windows {
    pub(crate) fn new(config: &VitConfig, patches: Grid) -> Self {
        let layout = config.windows(patches);
        let merged = config.merged();
        let mut windows = ranges(&layout.lengths);
        windows.sort_by_key(|window| window.len());
        let order = windows.iter().flat_map(|window| &layout.order[window.clone()]).copied().collect();
        let groups = windows
            .chunk_by(|a, b| a.len() == b.len())
            .map(|windows| Group { windows: windows.len(), patches: windows[0].len() * merged })
            .collect();
        Self { order, groups, merged }
    }

    /// One window over the whole image.
    pub(crate) fn whole(&self) -> [Group; 1] {
        [Group { windows: 1, patches: self.order.len() * self.merged }]
    }

    /// Brings patches from merge-block order into this order.
    ///
    /// # Shapes
    /// - patches and output: `[batch, patches, width]`
    pub(crate) fn arrange(&self, patches: Tensor<3>) -> Tensor<3> {
        let [batch, rows, width] = patches.dims();
        let tokens = patches.reshape([batch, rows / self.merged, self.merged * width]);
        pick(tokens, &self.order).reshape([batch, rows, width])
    }

    /// The places of the patches in this order.
    pub(crate) fn positions(&self, config: &VitConfig, patches: Grid) -> Vec<Position> {
        let positions = merge_block_positions(patches, config.spatial_merge_size);
        let token = |&token: &usize| &positions[token * self.merged..][..self.merged];
        self.order.iter().flat_map(token).copied().collect()
    }

    /// Brings merged tokens from this order into row-major order.
    ///
    /// # Shapes
    /// - tokens and output: `[batch, merged tokens, width]`
    pub(crate) fn restore(&self, tokens: Tensor<3>) -> Tensor<3> {
        let mut places = vec![0; self.order.len()];
        for (place, &token) in self.order.iter().enumerate() {
            places[token] = place;
        }
        pick(tokens, &places)
    }
}

fn ranges(lengths: &[usize]) -> Vec<Range<usize>> {
    let starts = lengths.iter().scan(0, |end, &length| {
        *end += length;
        Some(*end - length..*end)
    });
    starts.collect()
}

fn pick(rows: Tensor<3>, indices: &[usize]) -> Tensor<3> {
    let indices: Vec<i64> = indices.iter().map(|&index| index as i64).collect();
    let count = indices.len();
    let indices = Tensor::<1, Int>::from_data(TensorData::new(indices, [count]), &rows.device());
    rows.select(1, indices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_of_one_size_stand_together_and_order_is_undone() {
        let config = VitConfig::qwen2_5_vl_3b();
        let grid = Grid::new(2 * 9, 2 * 6);
        let windows = Windows::new(&config, grid);
        let group = |windows, tokens: usize| Group { windows, patches: 4 * tokens };
        assert_eq!(windows.groups, [group(1, 2), group(1, 4), group(2, 8), group(2, 16)]);

        let tokens = Tensor::<1, Int>::arange(0..54, &Device::flex()).float().reshape([1, 54, 1]);
        let patches = tokens.clone().repeat_dim(2, 4).reshape([1, 216, 1]);
        let arranged = windows.arrange(patches).reshape([1, 54, 4]).narrow(2, 0, 1);
        assert_ne!(arranged.to_data(), tokens.to_data());
        assert_eq!(windows.restore(arranged).into_data(), tokens.into_data());
        assert_eq!(windows.whole(), [group(1, 54)]);
    }
}
