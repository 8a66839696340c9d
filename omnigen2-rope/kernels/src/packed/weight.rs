//! The bytes of packed weights, to be read and to be filled.

use std::ops::Range;

use burn::tensor::f16;

use super::layout::{Bits, GROUP, Layout, ScaleType};

/// A packed weight that rests in bytes of whatever owner.
#[derive(Clone, Copy, Debug)]
pub struct PackedWeight<'a> {
    layout: Layout,
    values: &'a [u8],
    scales: &'a [u8],
    offsets: &'a [u8],
}

/// The bytes of a packed weight, to be filled.
#[derive(Debug)]
pub struct PackedMut<'a> {
    pub(super) layout: Layout,
    pub(super) values: &'a mut [u8],
    pub(super) scales: &'a mut [u8],
    pub(super) offsets: &'a mut [u8],
}

impl<'a> PackedWeight<'a> {
    /// `None` if a length is not the layout's.
    pub fn new(layout: Layout, values: &'a [u8], scales: &'a [u8], offsets: &'a [u8]) -> Option<Self> {
        let fits = [values.len(), scales.len(), offsets.len()] == layout.lengths();
        fits.then_some(Self { layout, values, scales, offsets })
    }

    /// The form of the weight.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The values of some blocks of a group.
    #[inline(always)]
    pub(super) fn values(&self, group: usize, blocks: &Range<usize>) -> &'a [u8] {
        let (one, first) = (self.layout.block_bytes(), group * self.layout.blocks());
        &self.values[(first + blocks.start) * one..(first + blocks.end) * one]
    }

    /// The scales of some blocks of a group.
    #[inline(always)]
    pub(super) fn scales(&self, group: usize, blocks: &Range<usize>) -> &'a [u8] {
        &self.scales[self.scale_range(group, blocks)]
    }

    /// The offsets of some blocks of a group.
    #[inline(always)]
    pub(super) fn offsets(&self, group: usize, blocks: &Range<usize>) -> &'a [u8] {
        &self.offsets[self.scale_range(group, blocks)]
    }

    fn scale_range(&self, group: usize, blocks: &Range<usize>) -> Range<usize> {
        let (one, first) = (GROUP * self.layout.scales.size(), group * self.layout.blocks());
        (first + blocks.start) * one..(first + blocks.end) * one
    }

    /// Some rows of the weight, unpacked: `[rows, input]`.
    ///
    /// # Panics
    /// If there are no such rows.
    pub fn unpack_rows(&self, rows: Range<usize>) -> Vec<f32> {
        assert!(rows.end <= self.layout.output, "rows {rows:?} of {}", self.layout.output);
        let mut out = vec![0.0; rows.len() * self.layout.input];
        for (row, numbers) in rows.zip(out.chunks_exact_mut(self.layout.input.max(1))) {
            self.unpack_row(row, numbers);
        }
        out
    }

    /// One row of the weight, unpacked into as many numbers as `input`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn unpack_row(&self, row: usize, numbers: &mut [f32]) {
        let Layout { block, has_offsets, .. } = self.layout;
        let (group, lane) = self.layout.place(row);
        let mut begin = self.layout.begin(row);
        let mut rest = numbers;
        for b in 0.. {
            let (part, others) = rest.split_at_mut((block.count() - begin).min(rest.len()));
            if part.is_empty() {
                break;
            }
            let at = b..b + 1;
            let values = self.values(group, &at);
            let scale = self.scale(self.scales(group, &at), lane);
            let offset = if has_offsets { self.scale(self.offsets(group, &at), lane) } else { 0.0 };
            for (k, number) in part.iter_mut().enumerate() {
                let q = i32::from(self.value(values, lane, begin + k)) - i32::from(self.layout.zero());
                *number = scale * q as f32 + offset;
            }
            (rest, begin) = (others, 0);
        }
    }

    /// The rows of a phase, as a matrix of whole blocks.
    pub(super) fn phase(&self, phase: usize) -> Self {
        let (layout, groups) = (self.layout, self.layout.groups() / self.layout.phases());
        let rows = Layout { output: layout.rows_of(phase), ..layout.filled() };
        let [values, scales] =
            [layout.group_bytes(), layout.group_scale_bytes()].map(|bytes| phase * groups * bytes);
        let part = |bytes: &'a [u8], first: usize, count: usize| &bytes[first..first + count];
        Self {
            layout: rows,
            values: part(self.values, values, rows.value_bytes()),
            scales: part(self.scales, scales, rows.scale_bytes()),
            offsets: if layout.has_offsets { part(self.offsets, scales, rows.offset_bytes()) } else { &[] },
        }
    }

    fn value(&self, block: &[u8], lane: usize, k: usize) -> u8 {
        let (step, at) = (k / 4, lane * 4 + k % 4);
        match self.layout.bits {
            Bits::Eight => block[step * 4 * GROUP + at],
            Bits::Four => (block[step / 2 * 4 * GROUP + at] >> (4 * (step % 2))) & 15,
        }
    }

    fn scale(&self, scales: &[u8], lane: usize) -> f32 {
        match self.layout.scales {
            ScaleType::F16 => bytemuck::pod_read_unaligned::<f16>(&scales[2 * lane..2 * lane + 2]).to_f32(),
            ScaleType::F32 => bytemuck::pod_read_unaligned(&scales[4 * lane..4 * lane + 4]),
        }
    }
}

impl<'a> PackedMut<'a> {
    /// `None` if a length is not the layout's.
    pub fn new(
        layout: Layout,
        values: &'a mut [u8],
        scales: &'a mut [u8],
        offsets: &'a mut [u8],
    ) -> Option<Self> {
        let fits = [values.len(), scales.len(), offsets.len()] == layout.lengths();
        fits.then_some(Self { layout, values, scales, offsets })
    }

    /// The form of the weight.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Takes the weight apart into bands of at most `groups` whole groups of outputs.
    ///
    /// # Panics
    /// If blocks run on from row to row.
    pub fn bands(self, groups: usize) -> impl Iterator<Item = PackedMut<'a>> {
        assert!(!self.layout.runs_on, "bands of {:?}", self.layout);
        let (layout, groups) = (self.layout, groups.max(1));
        let scales = (groups * layout.group_scale_bytes()).max(1);
        let values = self.values.chunks_mut((groups * layout.group_bytes()).max(1));
        let mut offsets = self.offsets.chunks_mut(scales);
        let parts = values.zip(self.scales.chunks_mut(scales)).enumerate();
        parts.map(move |(band, (values, scales))| {
            let output = (layout.output - band * groups * GROUP).min(groups * GROUP);
            PackedMut {
                layout: layout.rows(output),
                values,
                scales,
                offsets: offsets.next().unwrap_or_default(),
            }
        })
    }
}
