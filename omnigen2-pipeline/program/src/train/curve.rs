//! The loss of a run as a picture.

use std::convert::Infallible;

use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_1::FONT_9X18;
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::{Line, Polyline, PrimitiveStyle};
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};
use image::{Rgb, RgbImage};

const WIDTH: u32 = 960;
const HEIGHT: u32 = 540;
const LEFT: i32 = 80;
const RIGHT: i32 = 930;
const TOP: i32 = 50;
const BOTTOM: i32 = 490;
/// Between an axis and its numbers.
const GAP: i32 = 8;
/// The most points of the curve: each is the mean of as many steps.
const POINTS: usize = 200;
/// Parts of the axis of steps.
const PARTS: usize = 5;
const INK: Rgb888 = Rgb888::new(40, 40, 40);
const GRID: Rgb888 = Rgb888::new(225, 225, 225);
const CURVE: Rgb888 = Rgb888::new(31, 99, 181);

/// The losses of a table, on a logarithmic axis; nothing, while there are none.
pub(crate) fn plot(table: &str) -> Option<RgbImage> {
    let losses: Vec<f64> =
        table.lines().skip(1).filter_map(|row| row.split(',').nth(1)?.parse().ok()).collect();
    let points: Vec<f64> = losses
        .chunks(losses.len().div_ceil(POINTS).max(1))
        .map(|steps| (steps.iter().sum::<f64>() / steps.len() as f64).max(f64::MIN_POSITIVE).log10())
        .collect();
    let least = points.iter().copied().fold(f64::INFINITY, f64::min);
    let most = points.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if points.is_empty() {
        return None;
    }
    let range = [least - 0.05, most + 0.05];
    let mut paper = Paper(RgbImage::from_pixel(WIDTH, HEIGHT, Rgb([255; 3])));
    paper.grid(range, losses.len());
    let last = (points.len() - 1).max(1) as f64;
    let across = |i: usize| LEFT + (f64::from(RIGHT - LEFT) * i as f64 / last) as i32;
    let curve: Vec<Point> =
        points.iter().enumerate().map(|(i, &x)| Point::new(across(i), height(x, range))).collect();
    let Ok(()) = Polyline::new(&curve).into_styled(PrimitiveStyle::with_stroke(CURVE, 2)).draw(&mut paper);
    Some(paper.0)
}

fn height(logarithm: f64, [least, most]: [f64; 2]) -> i32 {
    BOTTOM - (f64::from(BOTTOM - TOP) * (logarithm - least) / (most - least)) as i32
}

struct Paper(RgbImage);

impl Paper {
    fn grid(&mut self, range: [f64; 2], steps: usize) {
        let decades = range[0].floor() as i32..=range[1].ceil() as i32;
        let marks = decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|digit: f64| digit * 10f64.powi(decade)));
        for mark in marks.filter(|mark| (range[0]..range[1]).contains(&mark.log10())) {
            let y = height(mark.log10(), range);
            self.line([Point::new(LEFT, y), Point::new(RIGHT, y)]);
            self.write(&format!("{mark}"), Point::new(LEFT - GAP, y), Alignment::Right);
        }
        for part in 0..=PARTS {
            let x = LEFT + (RIGHT - LEFT) * part as i32 / PARTS as i32;
            self.line([Point::new(x, TOP), Point::new(x, BOTTOM)]);
            let step = format!("{}", steps * part / PARTS);
            self.write(&step, Point::new(x, BOTTOM + 2 * GAP), Alignment::Center);
        }
        self.write("loss, the mean of neighbouring steps", Point::new(LEFT, TOP / 2), Alignment::Left);
    }

    fn line(&mut self, [from, to]: [Point; 2]) {
        let Ok(()) = Line::new(from, to).into_styled(PrimitiveStyle::with_stroke(GRID, 1)).draw(self);
    }

    fn write(&mut self, text: &str, at: Point, alignment: Alignment) {
        let style = TextStyleBuilder::new().alignment(alignment).baseline(Baseline::Middle).build();
        let font = MonoTextStyle::new(&FONT_9X18, INK);
        let Ok(_) = Text::with_text_style(text, at, font, style).draw(self);
    }
}

impl OriginDimensions for Paper {
    fn size(&self) -> Size {
        Size::new(WIDTH, HEIGHT)
    }
}

impl DrawTarget for Paper {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(Point { x, y }, ink) in pixels {
            if (0..WIDTH as i32).contains(&x) && (0..HEIGHT as i32).contains(&y) {
                self.0.put_pixel(x as u32, y as u32, Rgb([ink.r(), ink.g(), ink.b()]));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_falling_loss_falls() {
        let table: String =
            (0..1000).map(|i| format!("{i},{},0,0,1\n", 10.0 / (1.0 + f64::from(i)))).collect();
        let picture = plot(&format!("step,loss\n{table}")).unwrap();
        let inked =
            |x: u32| (0..HEIGHT).find(|&y| picture.get_pixel(x, y).0 == [CURVE.r(), CURVE.g(), CURVE.b()]);
        assert!(inked(LEFT as u32 + 2) < inked(RIGHT as u32 - 2));
        assert!(plot("step,loss\n").is_none());
    }
}
