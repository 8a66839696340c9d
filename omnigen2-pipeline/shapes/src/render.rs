//! Pictures of scenes.

use image::{Rgb, RgbImage};

use super::scene::{Object, SIDE, Scene, Shape, Texture};

/// Samples along each side of a pixel.
const SAMPLES: u32 = 4;
/// Half the side of a square, half the width of a bar of a cross, and how far down a triangle goes, in radii.
const SQUARE: f32 = 0.88;
const BAR: f32 = 0.36;
const FOOT: f32 = 0.85;
/// Half the width of the middle stripe, in radii.
const STRIPE: f32 = 1.0 / 3.0;

impl Scene {
    /// Draws the scene, antialiased, 64 × 64 pixels. The same scene gives the same bytes everywhere.
    pub fn render(&self) -> RgbImage {
        let mut picture = RgbImage::from_pixel(SIDE, SIDE, Rgb(self.background.rgb()));
        for object in &self.objects {
            draw(object, &mut picture);
        }
        picture
    }
}

/// Whether a point is inside the shape; its centre is at 0 and its radius is 1.
pub(super) fn covers(shape: Shape, [x, y]: [f32; 2]) -> bool {
    match shape {
        Shape::Circle => x * x + y * y <= 1.0,
        Shape::Square => x.abs().max(y.abs()) <= SQUARE,
        Shape::Triangle => y <= FOOT && x.abs() <= (y + 1.0) / (FOOT + 1.0),
        Shape::Cross => x.abs().max(y.abs()) <= 1.0 && x.abs().min(y.abs()) <= BAR,
    }
}

/// Whether a point has the second colour.
pub(super) fn second(texture: Texture, [x, y]: [f32; 2]) -> bool {
    match texture {
        Texture::Plain => false,
        Texture::Striped(_) => y.abs() <= STRIPE,
        Texture::TwoTone(_) => x > 0.0,
    }
}

/// The parts of a pixel, from 0 to 1, that an object covers with its first and second colour.
pub(super) fn coverage(object: &Object, [x, y]: [u32; 2]) -> [f32; 2] {
    let radius = object.extent.radius();
    let place = |at: u32, sample: u32, centre: f32| {
        (at as f32 + (sample as f32 + 0.5) / SAMPLES as f32 - centre) / radius
    };
    let mut counts = [0_u32; 2];
    for row in 0..SAMPLES {
        let v = place(y, row, object.centre[1]);
        for column in 0..SAMPLES {
            let point = [place(x, column, object.centre[0]), v];
            if covers(object.shape, point) {
                counts[usize::from(second(object.texture, point))] += 1;
            }
        }
    }
    counts.map(|count| count as f32 / (SAMPLES * SAMPLES) as f32)
}

fn draw(object: &Object, picture: &mut RgbImage) {
    let radius = object.extent.radius();
    let span = |centre: f32| {
        let end = (centre + radius).ceil().clamp(0.0, SIDE as f32) as u32;
        (centre - radius).floor().max(0.0) as u32..end
    };
    let first = object.colour.rgb();
    let second = object.texture.second().unwrap_or(object.colour).rgb();
    for y in span(object.centre[1]) {
        for x in span(object.centre[0]) {
            let [a, b] = coverage(object, [x, y]);
            let pixel = picture.get_pixel_mut(x, y);
            for channel in 0..3 {
                let under = f32::from(pixel[channel]) * (1.0 - a - b);
                let mixed = under + f32::from(first[channel]) * a + f32::from(second[channel]) * b;
                pixel[channel] = mixed.round() as u8;
            }
        }
    }
}
