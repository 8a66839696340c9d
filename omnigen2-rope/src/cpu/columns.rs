/// Some outputs of a product, for all of its rows.
pub(super) struct Columns<'a, T> {
    pub(super) x: &'a [f32],
    pub(super) input: usize,
    pub(super) weight: &'a [T],
    /// Of every row.
    pub(super) out: Vec<&'a mut [f32]>,
}

impl<'a, T> Columns<'a, T> {
    /// Takes `x · weightᵀ`, which is put into `out`, apart into columns of `block` outputs.
    pub(super) fn of(
        x: &'a [f32],
        weight: &'a [T],
        out: &'a mut [f32],
        [input, block]: [usize; 2],
    ) -> Vec<Self> {
        let (rows, output) = (x.len() / input, weight.len() / input);
        let column = |weight| Self { x, input, weight, out: Vec::with_capacity(rows) };
        let mut columns: Vec<Self> = weight.chunks(block * input).map(column).collect();
        for row in out.chunks_mut(output) {
            for (column, part) in columns.iter_mut().zip(row.chunks_mut(block)) {
                column.out.push(part);
            }
        }
        columns
    }
}
