//! Packing of integers that are ready.

use burn::tensor::f16;
use rayon::prelude::*;

use super::layout::{Bits, GROUP, ScaleType};
use super::weight::PackedMut;

/// Rows of a weight as a file has them, quantised.
#[derive(Clone, Copy, Debug)]
pub struct Integers<'a> {
    /// `q` of each number: `[output, input]`.
    pub values: &'a [u8],
    /// `[output, blocks]`, or of all blocks where they run on from row to row.
    pub scales: &'a [f32],
    /// The offsets of as many, or nothing.
    pub offsets: &'a [f32],
}

impl PackedMut<'_> {
    /// Fills a weight, or a [band](Self::bands) of one, with integers.
    ///
    /// # Panics
    /// If a length is not the layout's.
    pub fn pack(self, rows: Integers<'_>) {
        let layout = self.layout;
        let (count, phases) = (layout.block.count(), layout.phases());
        let scales = if layout.runs_on {
            layout.output * layout.input / count
        } else {
            layout.output * layout.blocks()
        };
        assert_eq!(rows.values.len(), layout.output * layout.input, "values of {layout:?}");
        assert_eq!(rows.scales.len(), scales, "scales of {layout:?}");
        assert_eq!(rows.offsets.len(), if layout.has_offsets { scales } else { 0 }, "offsets of {layout:?}");
        let filled = PackedMut { layout: layout.filled(), ..self };
        let groups: Vec<PackedMut<'_>> = filled.bands(1).collect();
        let each = (layout.groups() / phases).max(1);
        groups.into_par_iter().enumerate().for_each(|(group, mut packed)| {
            packed.clear();
            let (phase, first) = (group / each, group % each * GROUP);
            let mut values = vec![layout.zero(); layout.blocks() * count];
            for lane in 0..layout.rows_of(phase).saturating_sub(first).min(GROUP) {
                let row = (first + lane) * phases + phase;
                let begin = layout.begin(row);
                let blocks = layout.blocks_of(row);
                let offsets = if layout.has_offsets { &rows.offsets[blocks.clone()] } else { &[] };
                values[begin..begin + layout.input]
                    .copy_from_slice(&rows.values[row * layout.input..][..layout.input]);
                packed.put_values(lane, &values);
                packed.put_scales(lane, &rows.scales[blocks], offsets);
            }
        });
    }

    /// Makes everything nothing.
    pub(super) fn clear(&mut self) {
        let zero = self.layout.zero();
        self.values.fill(if self.layout.bits == Bits::Four { zero | zero << 4 } else { zero });
        self.scales.fill(0);
        self.offsets.fill(0);
    }

    /// Puts a row into a group that is cleared.
    pub(super) fn put_values(&mut self, lane: usize, values: &[u8]) {
        let vectors = self.values.as_chunks_mut::<{ 4 * GROUP }>().0;
        let at = 4 * lane;
        match self.layout.bits {
            Bits::Eight => {
                for (vector, four) in vectors.iter_mut().zip(values.chunks(4)) {
                    vector[at..at + four.len()].copy_from_slice(four);
                }
            }
            Bits::Four => {
                for (vector, eight) in vectors.iter_mut().zip(values.chunks(8)) {
                    for (k, &q) in eight.iter().enumerate() {
                        let (byte, shift) = (&mut vector[at + k % 4], 4 * (k / 4));
                        *byte = *byte & !(15 << shift) | (q & 15) << shift;
                    }
                }
            }
        }
    }

    /// Puts the scales and offsets of a row into a group.
    pub(super) fn put_scales(&mut self, lane: usize, scales: &[f32], offsets: &[f32]) {
        let size = self.layout.scales.size();
        for (rest, numbers) in [(&mut *self.scales, scales), (&mut *self.offsets, offsets)] {
            for (block, &number) in rest.chunks_exact_mut(GROUP * size).zip(numbers) {
                let bytes = &mut block[lane * size..(lane + 1) * size];
                match self.layout.scales {
                    ScaleType::F16 => bytes.copy_from_slice(&f16::from_f32(number).to_le_bytes()),
                    ScaleType::F32 => bytes.copy_from_slice(&number.to_le_bytes()),
                }
            }
        }
    }
}
