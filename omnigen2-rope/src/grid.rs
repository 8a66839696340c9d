/// A place on the three rotary axes: `[time or modality, row, column]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position(pub [usize; 3]);

impl Position {
    /// Returns the position with one place on all three axes, as text has it.
    pub const fn diagonal(place: usize) -> Self {
        Self([place; 3])
    }
}

/// A rectangle of cells (patches, merged tokens or latent pixels), stored row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Grid {
    /// Cells from top to bottom.
    pub rows: usize,
    /// Cells from left to right.
    pub columns: usize,
}

impl Grid {
    /// A grid of `rows` by `columns` cells.
    pub const fn new(rows: usize, columns: usize) -> Self {
        Self { rows, columns }
    }

    /// Returns the number of cells.
    pub const fn cells(self) -> usize {
        self.rows * self.columns
    }

    /// The longer side.
    pub fn longest(self) -> usize {
        self.rows.max(self.columns)
    }

    /// The grid of blocks of `side` by `side` cells; cells that fill no block are left out.
    ///
    /// # Panics
    /// If `side` is 0.
    pub const fn blocks(self, side: usize) -> Self {
        Self::new(self.rows / side, self.columns / side)
    }

    /// The places of all cells, row by row, moved by `origin`.
    pub fn positions(self, origin: Position) -> impl Iterator<Item = Position> {
        let Position([depth, top, left]) = origin;
        (0..self.cells()).map(move |i| Position([depth, top + i / self.columns, left + i % self.columns]))
    }
}
