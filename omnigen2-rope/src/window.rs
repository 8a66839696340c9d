use crate::{Grid, Position};

/// The way in which the ViT's merged tokens fall into square windows (Qwen2.5-VL, arXiv 2502.13923, section 2.1).
///
/// ```
/// use omnigen2_rope::{Grid, WindowLayout};
///
/// let layout = WindowLayout::new(Grid::new(2, 3), 2);
/// assert_eq!(layout.order, [0, 1, 3, 4, 2, 5]);
/// assert_eq!(layout.lengths, [4, 2]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowLayout {
    /// The row-major index of each merged token, window by window, row by row inside a window.
    pub order: Vec<usize>,
    /// The number of merged tokens of each window. Windows at the right and bottom edges may be smaller.
    pub lengths: Vec<usize>,
}

impl WindowLayout {
    /// Cuts `grid` into windows of `side` by `side` merged tokens, from the top left.
    ///
    /// # Panics
    /// If `side` is 0.
    pub fn new(grid: Grid, side: usize) -> Self {
        let mut layout = Self { order: Vec::with_capacity(grid.cells()), lengths: Vec::new() };
        for top in (0..grid.rows).step_by(side) {
            for left in (0..grid.columns).step_by(side) {
                let bottom = grid.rows.min(top + side);
                let right = grid.columns.min(left + side);
                let cells = (top..bottom)
                    .flat_map(|row| (left..right).map(move |column| row * grid.columns + column));
                layout.order.extend(cells);
                layout.lengths.push((bottom - top) * (right - left));
            }
        }
        layout
    }

    /// For each merged token in row-major order, its place in [`order`](Self::order).
    pub fn inverse(&self) -> Vec<usize> {
        let mut inverse = vec![0; self.order.len()];
        for (place, &token) in self.order.iter().enumerate() {
            inverse[token] = place;
        }
        inverse
    }
}

/// The places `(0, row, column)` of an image's patches, block by block of `merge` by `merge` patches: the
/// order in which the ViT reads them.
///
/// # Panics
/// If `merge` is 0.
pub fn merge_block_positions(patches: Grid, merge: usize) -> Vec<Position> {
    let inside = Grid::new(merge, merge);
    patches
        .blocks(merge)
        .positions(Position::diagonal(0))
        .flat_map(|Position([_, row, column])| inside.positions(Position([0, row * merge, column * merge])))
        .collect()
}
