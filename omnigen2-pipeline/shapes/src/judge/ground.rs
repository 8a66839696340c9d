//! The background of a picture, from its border.

use image::RgbImage;

use crate::scene::{Background, Colour};

/// How far a pixel may be from the background's colour.
const NEAR: f32 = 58.0;
/// The least part of the border that has the background's colour.
const LEAST_PART: f32 = 0.75;
/// The most by which the whole picture is taken to be brighter or darker, in each channel.
const MOST_SHIFT: f32 = 20.0;

/// The background of a picture.
pub(super) struct Ground {
    pub(super) background: Background,
    /// Its colour in this picture.
    pub(super) rgb: [f32; 3],
}

impl Ground {
    /// `None` if the border is not of one background colour.
    pub(super) fn of(picture: &RgbImage) -> Option<Self> {
        let border = border(picture);
        let near = |background: Background| {
            let nominal = background.rgb().map(f32::from);
            border.iter().filter(move |pixel| apart(**pixel, nominal) < NEAR * NEAR)
        };
        let background = Background::ALL.into_iter().max_by_key(|background| near(*background).count())?;
        let count = near(background).count() as f32;
        if count < LEAST_PART * border.len() as f32 {
            return None;
        }
        let mut rgb = [0.0; 3];
        for pixel in near(background) {
            rgb.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += value / count);
        }
        Some(Self { background, rgb })
    }

    /// The nearest colour of an object, as it would look in this picture, and the squared distance to it.
    pub(super) fn nearest(&self, rgb: [f32; 3]) -> (Colour, f32) {
        let nominal = self.background.rgb().map(f32::from);
        let shift = |channel: usize| (self.rgb[channel] - nominal[channel]).clamp(-MOST_SHIFT, MOST_SHIFT);
        let mut nearest = (Colour::Red, f32::INFINITY);
        for colour in Colour::ALL {
            let mut expected = colour.rgb().map(f32::from);
            (0..3).for_each(|channel| expected[channel] += shift(channel));
            let distance = apart(rgb, expected);
            if distance < nearest.1 {
                nearest = (colour, distance);
            }
        }
        nearest
    }
}

fn border(picture: &RgbImage) -> Vec<[f32; 3]> {
    let (width, height) = picture.dimensions();
    let edge = |x: u32, y: u32| x == 0 || y == 0 || x + 1 == width || y + 1 == height;
    let pixels = picture.enumerate_pixels().filter(|(x, y, _)| edge(*x, *y));
    pixels.map(|(_, _, pixel)| pixel.0.map(f32::from)).collect()
}

/// The squared distance of two colours.
pub(super) fn apart(a: [f32; 3], b: [f32; 3]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
