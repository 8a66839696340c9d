use pulp::Simd;

/// Rows of a weight as it rests, each an output of a product.
pub(in crate::cpu) trait WeightRows: Copy + Send + Sync {
    /// Whether [`arrange`](Self::arrange) does anything.
    const ARRANGES: bool;

    /// The number of rows.
    fn count(self) -> usize;

    /// The length of a row, which is the summed axis.
    fn width(self) -> usize;

    /// The rows in parts of at most `rows` rows.
    fn parts(self, rows: usize) -> impl Iterator<Item = Self>;

    /// Puts rows that [`dots`](Self::dots) meets into the order in which it reads them.
    fn arrange<S: Simd>(simd: S, row: &mut [f32]);

    /// Widens the numbers of a row from one on, as many as `run` has.
    fn widen(self, row: usize, from: usize, run: &mut [f32]);

    /// Products of [arranged](Self::arrange) rows with the rows of the weight at some places.
    fn dots<S: Simd, const ROWS: usize, const COLS: usize>(
        self,
        simd: S,
        rows: [&[f32]; ROWS],
        at: [usize; COLS],
    ) -> [[f32; COLS]; ROWS];
}
