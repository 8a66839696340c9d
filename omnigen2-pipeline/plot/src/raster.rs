use std::convert::Infallible;

use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_1::FONT_9X18;
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::{Circle, Polyline, PrimitiveStyle};
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};
use image::{Rgb, RgbImage};

use crate::shape::{Anchor, At, Colour, MARK, Shape};

/// Shapes on white paper, each over those before it.
pub(crate) fn raster(shapes: &[Shape], [width, height]: [u32; 2]) -> RgbImage {
    let mut paper = Paper(RgbImage::from_pixel(width, height, Rgb([255; 3])));
    for shape in shapes {
        let Ok(()) = paper.draw(shape);
    }
    paper.0
}

struct Paper(RgbImage);

impl Paper {
    fn draw(&mut self, shape: &Shape) -> Result<(), Infallible> {
        match shape {
            Shape::Path { points, colour, width } => {
                let points: Vec<Point> = points.iter().copied().map(point).collect();
                let style = PrimitiveStyle::with_stroke(ink(*colour), *width);
                Polyline::new(&points).into_styled(style).draw(self)
            }
            Shape::Mark { at, colour } => {
                let style = PrimitiveStyle::with_fill(ink(*colour));
                Circle::with_center(point(*at), MARK).into_styled(style).draw(self)
            }
            Shape::Text { at, text, anchor } => {
                let alignment = match anchor {
                    Anchor::Start => Alignment::Left,
                    Anchor::Middle => Alignment::Center,
                    Anchor::End => Alignment::Right,
                };
                let style = TextStyleBuilder::new().alignment(alignment).baseline(Baseline::Middle).build();
                let font = MonoTextStyle::new(&FONT_9X18, ink(Colour::INK));
                Text::with_text_style(text, point(*at), font, style).draw(self).map(drop)
            }
        }
    }
}

fn point([x, y]: At) -> Point {
    Point::new(x, y)
}

fn ink(Colour([red, green, blue]): Colour) -> Rgb888 {
    Rgb888::new(red, green, blue)
}

impl OriginDimensions for Paper {
    fn size(&self) -> Size {
        Size::new(self.0.width(), self.0.height())
    }
}

impl DrawTarget for Paper {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(place, ink) in pixels {
            let [x, y] = [place.x, place.y].map(|side| u32::try_from(side).unwrap_or(u32::MAX));
            if let Some(pixel) = self.0.get_pixel_mut_checked(x, y) {
                *pixel = Rgb([ink.r(), ink.g(), ink.b()]);
            }
        }
        Ok(())
    }
}
