//! Pillow's resampling of 8-bit pictures, bit for bit: two passes, antialiased, with weights of fixed point
//! and rounding after each pass.

use std::borrow::Cow;
use std::f64::consts::PI;

use image::RgbImage;

use super::Size;

/// Bits of a weight's fraction; the sums of bytes under such weights just fit an `i32`.
const FRACTION: u32 = 22;
/// The half that makes dropping the fraction round to the nearest.
const HALF: i32 = 1 << (FRACTION - 1);

#[derive(Clone, Copy)]
pub(super) enum Filter {
    /// Windowed sinc of three lobes.
    Lanczos,
    /// Keys' cubic with a = −0.5.
    Bicubic,
}

impl Filter {
    fn support(self) -> f64 {
        match self {
            Self::Lanczos => 3.0,
            Self::Bicubic => 2.0,
        }
    }

    fn weight(self, x: f64) -> f64 {
        match self {
            Self::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
            Self::Lanczos => 0.0,
            Self::Bicubic => cubic(x.abs()),
        }
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) }
}

fn cubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

/// The picture in another size. Neither size may have a side of 0.
pub(super) fn resize(image: &RgbImage, size: Size, filter: Filter) -> RgbImage {
    let mut image = Cow::Borrowed(image);
    if rows_first(&image, size) {
        image = Cow::Owned(resize_height(&image, size.height, filter));
    }
    if image.width() != size.width {
        image = Cow::Owned(resize_width(&image, size.width, filter));
    }
    if image.height() != size.height {
        image = Cow::Owned(resize_height(&image, size.height, filter));
    }
    image.into_owned()
}

/// Whether the height is resized first, which changes the rounding: since Pillow 13, where over twice as many
/// rows as columns are lost.
fn rows_first(image: &RgbImage, size: Size) -> bool {
    let lost_rows = i64::from(image.height()) - i64::from(size.height);
    let lost_columns = i64::from(image.width()) - i64::from(size.width);
    lost_rows > 0 && lost_rows > 2 * lost_columns
}

fn resize_width(image: &RgbImage, width: u32, filter: Filter) -> RgbImage {
    let mut resized = RgbImage::new(width, image.height());
    let taps = taps(image.width(), width, filter);
    let rows = image.chunks_exact(3 * image.width() as usize);
    for (from, to) in rows.zip(resized.chunks_exact_mut(3 * width as usize)) {
        let (from, _) = from.as_chunks::<3>();
        let (to, _) = to.as_chunks_mut::<3>();
        for (pixel, taps) in to.iter_mut().zip(&taps) {
            let mut sums = [HALF; 3];
            for (&[r, g, b], &weight) in from[taps.first..].iter().zip(&taps.weights) {
                sums[0] += weight * i32::from(r);
                sums[1] += weight * i32::from(g);
                sums[2] += weight * i32::from(b);
            }
            *pixel = sums.map(byte);
        }
    }
    resized
}

fn resize_height(image: &RgbImage, height: u32, filter: Filter) -> RgbImage {
    let mut resized = RgbImage::new(image.width(), height);
    let row = 3 * image.width() as usize;
    let mut sums = vec![HALF; row];
    let taps = taps(image.height(), height, filter);
    for (to, taps) in resized.chunks_exact_mut(row).zip(&taps) {
        sums.fill(HALF);
        for (from, &weight) in image.as_raw()[taps.first * row..].chunks_exact(row).zip(&taps.weights) {
            sums.iter_mut().zip(from).for_each(|(sum, &value)| *sum += weight * i32::from(value));
        }
        to.iter_mut().zip(&sums).for_each(|(value, &sum)| *value = byte(sum));
    }
    resized
}

fn byte(sum: i32) -> u8 {
    (sum >> FRACTION).clamp(0, 255) as u8
}

/// Which pixels make one pixel of the result, and their weights.
struct Taps {
    first: usize,
    weights: Vec<i32>,
}

fn taps(from: u32, to: u32, filter: Filter) -> Vec<Taps> {
    let scale = f64::from(from) / f64::from(to);
    let stretch = scale.max(1.0);
    let support = filter.support() * stretch;
    let taps = |place| {
        let centre = (f64::from(place) + 0.5) * scale;
        let first = (centre - support + 0.5) as usize;
        let end = ((centre + support + 0.5) as usize).min(from as usize);
        let weights = (first..end).map(|i| filter.weight((i as f64 - centre + 0.5) * (1.0 / stretch)));
        Taps { first, weights: fixed_point(&weights.collect::<Vec<_>>()) }
    };
    (0..to).map(taps).collect()
}

fn fixed_point(weights: &[f64]) -> Vec<i32> {
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| (weight / sum * f64::from(1 << FRACTION)).round() as i32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_picture_stays_flat() {
        let image = RgbImage::from_pixel(31, 47, image::Rgb([3, 128, 255]));
        for filter in [Filter::Lanczos, Filter::Bicubic] {
            for size in [Size::new(7, 90), Size::new(64, 16), Size::new(1, 1)] {
                let resized = resize(&image, size, filter);
                assert_eq!(resized.dimensions(), (size.width, size.height));
                assert!(resized.pixels().all(|p| p.0 == [3, 128, 255]));
            }
        }
    }

    #[test]
    fn rows_go_first_where_over_twice_as_many_are_lost() {
        let first = |width, height| rows_first(&RgbImage::new(100, 100), Size::new(width, height));
        assert!(first(100, 99) && first(101, 99) && first(90, 79));
        assert!(!first(90, 80) && !first(90, 90) && !first(100, 100) && !first(110, 110));
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let image = RgbImage::from_fn(9, 5, |x, y| image::Rgb([x as u8 * 20, y as u8 * 40, 7]));
        assert_eq!(resize(&image, Size::new(9, 5), Filter::Lanczos), image);
    }
}
