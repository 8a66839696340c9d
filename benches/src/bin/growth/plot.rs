use std::convert::Infallible;

use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_1::FONT_9X18;
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::{Circle, Line, Polyline, PrimitiveStyle};
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};
use image::{Rgb, RgbImage};

use crate::Sample;
use crate::axis::Axis;
use crate::fit::Fit;

const WIDTH: u32 = 960;
const HEIGHT: u32 = 600;
const LEFT: i32 = 80;
const RIGHT: i32 = 920;
const TOP: i32 = 50;
const BOTTOM: i32 = 530;
/// Between an axis and its numbers.
const GAP: i32 = 8;
const MARK: u32 = 11;
const LINE: i32 = 24;
const INK: Rgb888 = Rgb888::new(40, 40, 40);
const GRID: Rgb888 = Rgb888::new(225, 225, 225);
const IMAGES: Rgb888 = Rgb888::new(31, 99, 181);
const REFERENCES: Rgb888 = Rgb888::new(216, 96, 20);
const FITTED: Rgb888 = Rgb888::new(90, 90, 90);
const LINEAR: Rgb888 = Rgb888::new(175, 175, 175);

/// The samples, the curve through them, and the part of it that is not attention's.
pub(crate) fn plot(samples: &[Sample], fit: &Fit) -> RgbImage {
    let largest = |of: fn(&Sample) -> f64| samples.iter().map(of).fold(0.0, f64::max);
    let end = largest(|sample| sample.tokens);
    let mut sheet = Sheet {
        paper: RgbImage::from_pixel(WIDTH, HEIGHT, Rgb([255; 3])),
        x: Axis::upto(end),
        y: Axis::upto(largest(|sample| sample.seconds).max(fit.at(end))),
    };
    sheet.axes();
    sheet.curve(end, |tokens| fit.linear(tokens), LINEAR);
    sheet.curve(end, |tokens| fit.at(tokens), FITTED);
    for sample in samples {
        let colour = if sample.has_references { REFERENCES } else { IMAGES };
        sheet.mark(sheet.place(sample.tokens, sample.seconds), colour);
    }
    sheet.legend();
    sheet.paper
}

struct Sheet {
    paper: RgbImage,
    x: Axis,
    y: Axis,
}

impl Sheet {
    fn place(&self, tokens: f64, seconds: f64) -> Point {
        let across = f64::from(RIGHT - LEFT) * self.x.part(tokens);
        let up = f64::from(BOTTOM - TOP) * self.y.part(seconds);
        Point::new(LEFT + across.round() as i32, BOTTOM - up.round() as i32)
    }

    fn axes(&mut self) {
        for tick in self.x.ticks() {
            let [bottom, top] = [0.0, self.y.end()].map(|seconds| self.place(tick, seconds));
            self.line(top, bottom);
            self.text(&self.x.label(tick), bottom + Point::new(0, GAP), Alignment::Center);
        }
        for tick in self.y.ticks() {
            let [left, right] = [0.0, self.x.end()].map(|tokens| self.place(tokens, tick));
            self.line(left, right);
            self.text(&self.y.label(tick), left - Point::new(GAP, LINE / 3), Alignment::Right);
        }
        self.text("seconds for one joint layer", Point::new(LEFT, TOP - LINE - GAP), Alignment::Left);
        let below = Point::new((LEFT + RIGHT) / 2, BOTTOM + LINE + GAP);
        self.text("tokens: text, references, image", below, Alignment::Center);
    }

    fn curve(&mut self, end: f64, cost: impl Fn(f64) -> f64, colour: Rgb888) {
        const STEPS: u32 = 200;
        let tokens = (0..=STEPS).map(|step| end * f64::from(step) / f64::from(STEPS));
        let places: Vec<Point> = tokens.map(|tokens| self.place(tokens, cost(tokens).max(0.0))).collect();
        draw(Polyline::new(&places).into_styled(PrimitiveStyle::with_stroke(colour, 2)), self);
    }

    fn mark(&mut self, place: Point, colour: Rgb888) {
        draw(Circle::with_center(place, MARK).into_styled(PrimitiveStyle::with_fill(colour)), self);
    }

    fn legend(&mut self) {
        let entries = [
            (IMAGES, "larger images"),
            (REFERENCES, "a 256x256 image, 256x256 references"),
            (FITTED, "the fit: a + b tokens + c tokens²"),
            (LINEAR, "without its last term, attention's"),
        ];
        for ((colour, text), row) in entries.into_iter().zip(0..) {
            let place = Point::new(LEFT + LINE, TOP + LINE + row * LINE);
            self.mark(place, colour);
            self.text(text, place + Point::new(LINE / 2 + GAP, -LINE / 3), Alignment::Left);
        }
    }

    fn line(&mut self, from: Point, to: Point) {
        draw(Line::new(from, to).into_styled(PrimitiveStyle::with_stroke(GRID, 1)), self);
    }

    fn text(&mut self, text: &str, place: Point, alignment: Alignment) {
        let style = TextStyleBuilder::new().alignment(alignment).baseline(Baseline::Top).build();
        draw(Text::with_text_style(text, place, MonoTextStyle::new(&FONT_9X18, INK), style), self);
    }
}

fn draw(what: impl Drawable<Color = Rgb888>, sheet: &mut Sheet) {
    let Ok(_) = what.draw(sheet);
}

impl OriginDimensions for Sheet {
    fn size(&self) -> Size {
        Size::new(WIDTH, HEIGHT)
    }
}

impl DrawTarget for Sheet {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(place, colour) in pixels {
            let x = u32::try_from(place.x).unwrap_or(WIDTH);
            let y = u32::try_from(place.y).unwrap_or(HEIGHT);
            if let Some(pixel) = self.paper.get_pixel_mut_checked(x, y) {
                *pixel = Rgb([colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_and_curves_are_on_the_picture() {
        let sample = |tokens: f64, has_references| Sample {
            name: String::new(),
            tokens,
            seconds: tokens / 500.0,
            has_references,
        };
        let samples = [sample(320.0, false), sample(1100.0, false), sample(1400.0, true)];
        let points: Vec<_> = samples.iter().map(|sample| [sample.tokens, sample.seconds]).collect();
        let picture = plot(&samples, &Fit::of(&points).unwrap());
        let count = |colour: Rgb888| {
            picture.pixels().filter(|pixel| pixel.0 == [colour.r(), colour.g(), colour.b()]).count()
        };
        let mark = count(REFERENCES) / 2;
        assert!(mark > 50, "one mark and one in the legend");
        assert_eq!(count(IMAGES), 3 * mark);
        assert!(count(FITTED) > 500 && count(INK) > 500);
    }
}
