use super::weight::WeightRows;

/// Some outputs of a product, for all of its rows.
pub(super) struct Columns<'a, W> {
    /// `[rows, input]`.
    pub(super) x: &'a [f32],
    /// A row for each output.
    pub(super) weight: W,
    /// Of every row.
    pub(super) out: Vec<&'a mut [f32]>,
}

impl<'a, W: WeightRows> Columns<'a, W> {
    /// Takes `x · weightᵀ`, which is put into `out`, apart into columns of `block` outputs.
    pub(super) fn of(x: &'a [f32], weight: W, out: &'a mut [f32], block: usize) -> Vec<Self> {
        let (rows, output) = (x.len() / weight.width(), weight.count());
        let column = |weight| Self { x, weight, out: Vec::with_capacity(rows) };
        let mut columns: Vec<Self> = weight.parts(block).map(column).collect();
        for row in out.chunks_mut(output) {
            for (column, part) in columns.iter_mut().zip(row.chunks_mut(block)) {
                column.out.push(part);
            }
        }
        columns
    }
}
