//! The connected parts of a picture that are not background.

use image::RgbImage;

use super::ground::{Ground, apart};
use crate::scene::SIDE;

/// How far from the background's colour a pixel of an object is.
const FAR: f32 = 50.0;
/// The fewest pixels of an object; fewer are a speck.
const LEAST_AREA: usize = 12;
/// The fewest pixels of a speck that may belong to an object.
const LEAST_SPECK: usize = 2;
/// The most parts that are looked at.
const MOST_PARTS: usize = 60;

const WIDTH: usize = SIDE as usize;

/// A picture as numbers, with the number of the part that each pixel belongs to.
pub(super) struct Field<'a> {
    pub(super) ground: &'a Ground,
    /// By rows.
    pub(super) pixels: Vec<[f32; 3]>,
    /// 0 for the background.
    pub(super) labels: Vec<usize>,
    /// The first has label 1.
    pub(super) parts: Vec<Part>,
}

impl<'a> Field<'a> {
    /// Of a picture of 64 × 64 pixels.
    pub(super) fn new(picture: &RgbImage, ground: &'a Ground) -> Self {
        let pixels: Vec<[f32; 3]> = picture.pixels().map(|pixel| pixel.0.map(f32::from)).collect();
        let mut open: Vec<bool> = pixels.iter().map(|pixel| apart(*pixel, ground.rgb) > FAR * FAR).collect();
        let mut field = Self { ground, labels: vec![0; pixels.len()], pixels, parts: Vec::new() };
        for start in 0..open.len() {
            let pixels = flood(&mut open, start);
            if pixels.len() >= LEAST_SPECK && field.parts.len() < MOST_PARTS {
                let label = field.parts.len() + 1;
                pixels.iter().for_each(|&at| field.labels[at] = label);
                let part = Part::new(pixels, 1 << label, &field);
                field.parts.push(part);
            }
        }
        field
    }
}

/// Pixels of a picture that belong together.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// As indices.
    pixels: Vec<usize>,
    /// The least and the most place, right and down.
    span: [[usize; 2]; 2],
    /// Their labels, as bits.
    pub(super) labels: u64,
    /// Their squared difference from the background.
    pub(super) energy: f32,
}

impl Part {
    fn new(pixels: Vec<usize>, labels: u64, field: &Field<'_>) -> Self {
        let energy: f32 = pixels.iter().map(|&at| apart(field.pixels[at], field.ground.rgb)).sum();
        let span = [0, 1].map(|axis| {
            let along = || pixels.iter().map(|&at| place(at)[axis]);
            [along().min().unwrap_or(0), along().max().unwrap_or(0)]
        });
        Self { labels, energy: energy.max(1.0), span, pixels }
    }

    /// Both as one.
    pub(super) fn with(&self, field: &Field<'_>, other: &Self) -> Self {
        Self::new([self.pixels.as_slice(), &other.pixels].concat(), self.labels | other.labels, field)
    }

    /// The middle of its box.
    pub(super) fn centre(&self) -> [f32; 2] {
        self.span.map(|[least, most]| (least + most + 1) as f32 / 2.0)
    }

    /// Whether it is too small to be an object.
    pub(super) fn is_speck(&self) -> bool {
        self.pixels.len() < LEAST_AREA
    }

    /// Whether some of their pixels are no more than so many pixels apart along both axes.
    pub(super) fn near(&self, other: &Self, reach: usize) -> bool {
        let boxes = (0..2).all(|axis| {
            let ([a, b], [c, d]) = (self.span[axis], other.span[axis]);
            a <= d + reach && c <= b + reach
        });
        let close = |a: usize, b: usize| (0..2).all(|axis| place(a)[axis].abs_diff(place(b)[axis]) <= reach);
        boxes && self.pixels.iter().any(|&a| other.pixels.iter().any(|&b| close(a, b)))
    }
}

/// Right and down.
fn place(at: usize) -> [usize; 2] {
    [at % WIDTH, at / WIDTH]
}

/// Takes all open pixels that are connected with this one by their sides.
fn flood(open: &mut [bool], start: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut left = vec![start];
    while let Some(at) = left.pop() {
        if !std::mem::take(&mut open[at]) {
            continue;
        }
        found.push(at);
        let [x, y] = place(at);
        let sides = [
            (x > 0).then(|| at - 1),
            (x + 1 < WIDTH).then_some(at + 1),
            (y > 0).then(|| at - WIDTH),
            (at + WIDTH < open.len()).then_some(at + WIDTH),
        ];
        left.extend(sides.into_iter().flatten());
    }
    found
}
