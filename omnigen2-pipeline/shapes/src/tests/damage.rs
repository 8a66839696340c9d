//! Damage to pictures.

use image::{Rgb, RgbImage};

use crate::dice::{Dice, Purpose};
use crate::{Object, SIDE};

pub(super) fn dice(index: u64) -> Dice {
    Dice::new(11, [9, index], Purpose::Scene)
}

pub(super) fn blurred(picture: &RgbImage, sigma: f32) -> RgbImage {
    image::imageops::blur(picture, sigma)
}

pub(super) fn noisy(picture: &RgbImage, dice: &mut Dice, most: f32) -> RgbImage {
    each(picture, |value| value + dice.around() * most)
}

pub(super) fn brighter(picture: &RgbImage, by: f32) -> RgbImage {
    each(picture, |value| value + by)
}

fn each(picture: &RgbImage, mut change: impl FnMut(f32) -> f32) -> RgbImage {
    let mut picture = picture.clone();
    picture.iter_mut().for_each(|value| *value = change(f32::from(*value)).round() as u8);
    picture
}

/// Each pixel taken from where `from` says, between pixels.
fn moved(picture: &RgbImage, from: impl Fn([f32; 2]) -> [f32; 2]) -> RgbImage {
    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let [u, v] = from([x as f32, y as f32]).map(|at| at.clamp(0.0, SIDE as f32 - 1.0));
        image::imageops::interpolate_bilinear(picture, u, v).unwrap_or(Rgb([0; 3]))
    })
}

pub(super) fn shifted(picture: &RgbImage, by: [f32; 2]) -> RgbImage {
    moved(picture, |[x, y]| [x - by[0], y - by[1]])
}

/// Waves of up to `most` pixels.
pub(super) fn warped(picture: &RgbImage, dice: &mut Dice, most: f32) -> RgbImage {
    let [a, b, c] = [dice.around() * 3.0, dice.around() * 3.0, 0.15 + 0.1 * dice.around()];
    moved(picture, |[x, y]| [x + most * (c * y + a).sin(), y + most * (c * x + b).sin()])
}

/// The right half of an object's box painted over.
pub(super) fn half_painted(picture: &RgbImage, object: &Object, colour: [u8; 3]) -> RgbImage {
    let mut picture = picture.clone();
    let radius = object.extent.radius() + 1.0;
    let [x, y] = object.centre;
    for (u, v, pixel) in picture.enumerate_pixels_mut() {
        let [dx, dy] = [u as f32 + 0.5 - x, v as f32 + 0.5 - y];
        if dx >= 0.0 && dx <= radius && dy.abs() <= radius {
            *pixel = Rgb(colour);
        }
    }
    picture
}

/// A bar in the colour of one object from its middle to that of another.
pub(super) fn merged(picture: &RgbImage, a: &Object, b: &Object) -> RgbImage {
    let mut picture = picture.clone();
    let way = [b.centre[0] - a.centre[0], b.centre[1] - a.centre[1]];
    for step in 0..=100 {
        let t = step as f32 / 100.0;
        let [x, y] = [a.centre[0] + t * way[0], a.centre[1] + t * way[1]].map(|at| at as u32);
        for [dx, dy] in [[0, 0], [1, 0], [0, 1], [1, 1], [2, 1], [1, 2], [2, 2]] {
            picture.put_pixel((x + dx).min(SIDE - 1), (y + dy).min(SIDE - 1), Rgb(a.colour.rgb()));
        }
    }
    picture
}
