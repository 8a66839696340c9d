//! Rows of a map as a convolution meets them, with zeros around.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::exp::silu;
use super::registers::Registers;
use super::tensors::Contiguous;
use super::winograd::{STEP, TILE};
use crate::{ConvolutionInput, Prologue};

/// A map and how its rows are made.
pub(super) struct Reader {
    map: Contiguous,
    read: Read,
    /// `[channels, height, width]` of what is read.
    dims: [usize; 3],
}

#[expect(clippy::large_enum_variant, reason = "there is one of it a convolution")]
enum Read {
    Plain,
    /// For every image and channel.
    Activated {
        scale: Contiguous,
        shift: Contiguous,
    },
    Doubled,
}

impl Read {
    fn affine(&self, at: usize) -> (f32, f32) {
        match self {
            Self::Activated { scale, shift } => (scale.slice()[at], shift.slice()[at]),
            Self::Plain | Self::Doubled => (1.0, 0.0),
        }
    }
}

impl Reader {
    pub(super) fn new(input: ConvolutionInput<'_>) -> Option<Self> {
        let read = match input.prologue {
            Prologue::None => Read::Plain,
            Prologue::Double => Read::Doubled,
            Prologue::ScaleShiftSilu { scale, shift } => {
                Read::Activated { scale: Contiguous::of(scale)?, shift: Contiguous::of(shift)? }
            }
        };
        let [_, channels, height, width] = input.dims();
        Some(Self { map: Contiguous::of(input.map)?, read, dims: [channels, height, width] })
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

/// The part of an image that a band has.
pub(super) struct Span {
    /// Of which 1 is the image's first.
    pub(super) rows: Range<usize>,
    /// Of the tiles that are read, which may reach beyond the image.
    pub(super) width: usize,
}

impl Band {
    /// Reads the rows of an image.
    pub(super) fn read(registers: Registers, reader: &Reader, image: usize, span: Span) -> Self {
        let Span { rows, width } = span;
        let (channels, stride) = (reader.channels(), width + STEP);
        let mut numbers = vec![0.0; channels * rows.len() * stride];
        numbers.par_chunks_mut(rows.len() * stride).enumerate().for_each(|(channel, plane)| {
            registers.run(Plane { reader, at: image * channels + channel, top: rows.start, stride, plane });
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
        let (scale, shift) = self.reader.read.affine(self.at);
        for (r, row) in self.plane.chunks_exact_mut(self.stride).enumerate() {
            let Some(y) = (self.top + r).checked_sub(1).filter(|&y| y < height) else { continue };
            let out = &mut row[1..=width];
            match &self.reader.read {
                Read::Plain => out.copy_from_slice(&map[(self.at * height + y) * width..][..width]),
                Read::Activated { .. } => {
                    out.copy_from_slice(&map[(self.at * height + y) * width..][..width]);
                    activate(simd, out, scale, shift);
                }
                Read::Doubled => {
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

/// `silu(x · scale + shift)` in place.
#[inline(always)]
fn activate<S: Simd>(simd: S, numbers: &mut [f32], scale: f32, shift: f32) {
    let (scale, shift) = (simd.splat_f32s(scale), simd.splat_f32s(shift));
    let (head, tail) = S::as_mut_simd_f32s(numbers);
    for x in head {
        *x = silu(simd, simd.mul_add_e_f32s(*x, scale, shift));
    }
    if !tail.is_empty() {
        let x = silu(simd, simd.mul_add_e_f32s(simd.partial_load_f32s(tail), scale, shift));
        simd.partial_store_f32s(tail, x);
    }
}
