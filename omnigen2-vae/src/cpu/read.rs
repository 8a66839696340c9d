//! Rows of a map as a convolution meets them, with zeros around.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::flex::Numbers;
use super::vector::{activate, dispatch};
use super::winograd::{STEP, TILE};
use crate::conv::{Reading, Rows};

/// A map and how its rows are made.
pub(super) struct Reader {
    map: Numbers,
    how: How,
    /// `[channels, height, width]` of what is read.
    dims: [usize; 3],
}

#[expect(clippy::large_enum_variant, reason = "there is one of it a convolution")]
enum How {
    Plain,
    /// For every image and channel.
    Activated {
        scale: Numbers,
        shift: Numbers,
    },
    Doubled,
}

impl How {
    fn affine(&self, at: usize) -> (f32, f32) {
        match self {
            Self::Activated { scale, shift } => (scale.slice()[at], shift.slice()[at]),
            Self::Plain | Self::Doubled => (1.0, 0.0),
        }
    }
}

impl Reader {
    pub(super) fn new(source: &impl Rows) -> Option<Self> {
        let how = match source.reading() {
            Reading::Plain => How::Plain,
            Reading::Doubled => How::Doubled,
            Reading::Activated(affine) => {
                How::Activated { scale: Numbers::of(&affine.scale)?, shift: Numbers::of(&affine.shift)? }
            }
        };
        let [_, channels, height, width] = source.dims();
        Some(Self { map: Numbers::of(source.like())?, how, dims: [channels, height, width] })
    }

    pub(super) fn channels(&self) -> usize {
        self.dims[0]
    }
}

/// Some rows of all channels of an image: `[channels, rows, stride]`, with zeros around the image.
pub(super) struct Band {
    numbers: Vec<f32>,
    rows: usize,
    stride: usize,
}

impl Band {
    /// Some rows, of which 1 is the image's first.
    ///
    /// # Shapes
    /// - width: of the tiles that are read, which may reach beyond the image
    pub(super) fn read(reader: &Reader, image: usize, rows: Range<usize>, width: usize) -> Self {
        let (channels, stride) = (reader.channels(), width + STEP);
        let mut numbers = vec![0.0; channels * rows.len() * stride];
        numbers.par_chunks_mut(rows.len() * stride).enumerate().for_each(|(channel, plane)| {
            dispatch(Plane { reader, at: image * channels + channel, top: rows.start, stride, plane });
        });
        Self { numbers, rows: rows.len(), stride }
    }

    /// The rows of as many tiles as a vector has lanes, to the end of the band.
    #[inline(always)]
    pub(super) fn rows(&self, channel: usize, y: usize, x: usize) -> [&[f32]; TILE] {
        let mut rows: [&[f32]; TILE] = [&[]; TILE];
        for (r, row) in rows.iter_mut().enumerate() {
            let start = (channel * self.rows + y + r) * self.stride;
            *row = &self.numbers[start + x..start + self.stride];
        }
        rows
    }
}

struct Plane<'a> {
    reader: &'a Reader,
    /// The image and channel.
    at: usize,
    /// The first row, where 1 is the image's.
    top: usize,
    stride: usize,
    plane: &'a mut [f32],
}

impl WithSimd for Plane<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let [_, height, width] = self.reader.dims;
        let map = self.reader.map.slice();
        let (scale, shift) = self.reader.how.affine(self.at);
        for (r, row) in self.plane.chunks_exact_mut(self.stride).enumerate() {
            let Some(y) = (self.top + r).checked_sub(1).filter(|&y| y < height) else { continue };
            let out = &mut row[1..=width];
            match &self.reader.how {
                How::Plain => out.copy_from_slice(&map[(self.at * height + y) * width..][..width]),
                How::Activated { .. } => {
                    out.copy_from_slice(&map[(self.at * height + y) * width..][..width]);
                    activate(simd, out, scale, shift);
                }
                How::Doubled => {
                    let half = width / 2;
                    let (pairs, _) = out.as_chunks_mut::<2>();
                    let line = &map[(self.at * (height / 2) + y / 2) * half..][..half];
                    for (pair, &x) in pairs.iter_mut().zip(line) {
                        *pair = [x; 2];
                    }
                }
            }
        }
    }
}
