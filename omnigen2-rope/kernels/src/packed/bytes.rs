use super::layout::Layout;
use super::room::Room;
use super::weight::PackedMut;

/// The bytes of a packed weight.
#[derive(Debug)]
pub struct PackedBytes {
    /// The form of the weight.
    pub layout: Layout,
    /// The values: [`Layout::value_bytes`].
    pub values: Room,
    /// The scales: [`Layout::scale_bytes`].
    pub scales: Room,
    /// The offsets: [`Layout::offset_bytes`].
    pub offsets: Room,
}

impl PackedBytes {
    /// Bytes to be filled.
    pub fn zeros(layout: Layout) -> Self {
        Self {
            layout,
            values: Room::zeros(layout.value_bytes()),
            scales: Room::zeros(layout.scale_bytes()),
            offsets: Room::zeros(layout.offset_bytes()),
        }
    }

    /// Rounds a matrix, `[output, input]`.
    ///
    /// # Panics
    /// If there are more numbers than the layout has, or fewer.
    pub fn quantise(layout: Layout, matrix: &[f32]) -> Self {
        let mut packed = Self::zeros(layout);
        packed.fill().quantise(matrix);
        packed
    }

    /// The weight, to be filled.
    ///
    /// # Panics
    /// If a field has not the bytes of the layout.
    pub fn fill(&mut self) -> PackedMut<'_> {
        let Self { layout, values, scales, offsets } = self;
        let (layout, found) = (*layout, [values.len(), scales.len(), offsets.len()]);
        assert_eq!(found, layout.lengths(), "bytes of {layout:?}");
        PackedMut { layout, values, scales, offsets }
    }
}
