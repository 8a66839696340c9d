use std::ops::RangeInclusive;

use crate::blocks::Layout;
use crate::{BlockType, Integers};

/// The integers behind a type's numbers: runs of 16 or 32, each run with a scale, and with an offset or none, so that
/// `number = scale * integer` or `number = scale * integer + offset`.
///
/// Rounded after each operation, that is the number which [`BlockType::dequantise`] gives, to the bit.
///
/// ```
/// use omnigen2_gguf::{BlockType, Integers};
///
/// let view = BlockType::Q4K.integer_view().ok_or("plain numbers")?;
/// assert_eq!((view.run(), view.has_offsets(), view.range()), (32, true, 0..=15));
///
/// let block = [0; 144];
/// let (mut values, mut scales, mut offsets) = ([1; 256], [1.0; 8], [1.0; 8]);
/// view.fill(&block, Integers { values: &mut values, scales: &mut scales, offsets: &mut offsets });
/// assert_eq!((values[0], scales[0], offsets[0]), (0, 0.0, 0.0));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct IntegerView {
    kind: BlockType,
    layout: &'static Layout,
}

impl BlockType {
    /// The integers behind the numbers of this type, or nothing of plain numbers.
    pub fn integer_view(self) -> Option<IntegerView> {
        self.format().integers.as_ref().map(|layout| IntegerView { kind: self, layout })
    }
}

impl IntegerView {
    /// The integers that share a scale: 16 of `Q2_K`, `Q3_K` and `Q6_K`, 32 of all others.
    pub fn run(&self) -> usize {
        self.layout.run
    }

    /// Tells whether an offset is added, as of `Q4_1`, `Q5_1`, `Q2_K`, `Q4_K` and `Q5_K`.
    pub fn has_offsets(&self) -> bool {
        self.layout.has_offsets
    }

    /// The least and the greatest integer that a block can hold.
    pub fn range(&self) -> RangeInclusive<i8> {
        self.layout.range.clone()
    }

    /// Takes some blocks apart.
    ///
    /// # Panics
    /// If the lengths do not belong together.
    pub fn fill(&self, bytes: &[u8], into: Integers<'_>) {
        let numbers = into.values.len();
        self.kind.check(bytes, numbers);
        let runs = numbers / self.run();
        assert_eq!(into.scales.len(), runs, "scales of {numbers} numbers of {}", self.kind);
        let offsets = if self.has_offsets() { runs } else { 0 };
        assert_eq!(into.offsets.len(), offsets, "offsets of {numbers} numbers of {}", self.kind);
        (self.layout.fill)(bytes, into);
    }
}
