use image::RgbImage;

use crate::axis::Axis;
use crate::raster::raster;
use crate::shape::{Anchor, At, Colour, Shape};
use crate::svg::svg;

const SIZE: [u32; 2] = [960, 600];
const LEFT: i32 = 80;
const RIGHT: i32 = 900;
const TOP: i32 = 50;
const BOTTOM: i32 = 530;
/// Between an axis and its numbers.
const GAP: i32 = 8;
const LINE: i32 = 24;

/// Series over two axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Words above the upright axis: what is measured.
    pub above: String,
    /// Words below the other axis.
    pub below: String,
    /// The axis from left to right.
    pub x: Axis,
    /// The upright axis.
    pub y: Axis,
    /// The series, the first below the others.
    pub series: Vec<Series>,
}

/// Points, and how they are drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    name: String,
    colour: Colour,
    points: Vec<[f64; 2]>,
    has_curve: bool,
    has_marks: bool,
}

impl Series {
    /// A curve through points. One without a name is not in the legend.
    pub fn curve(name: impl Into<String>, colour: Colour, points: Vec<[f64; 2]>) -> Self {
        Self { name: name.into(), colour, points, has_curve: true, has_marks: false }
    }

    /// A mark for each of the points.
    pub fn marks(name: impl Into<String>, colour: Colour, points: Vec<[f64; 2]>) -> Self {
        Self { has_curve: false, ..Self::curve(name, colour, points).marked() }
    }

    /// Adds a mark for each of the points.
    pub fn marked(self) -> Self {
        Self { has_marks: true, ..self }
    }
}

impl Chart {
    /// The chart as a picture of 960×600 pixels.
    pub fn picture(&self) -> RgbImage {
        raster(&self.shapes(), SIZE)
    }

    /// The chart as an SVG document.
    pub fn svg(&self) -> String {
        svg(&self.shapes(), SIZE)
    }

    fn shapes(&self) -> Vec<Shape> {
        let mut shapes = self.axes();
        for series in &self.series {
            let places: Vec<At> = series.points.iter().map(|&point| self.place(point)).collect();
            let colour = series.colour;
            if series.has_marks {
                shapes.extend(places.iter().map(|&at| Shape::Mark { at, colour }));
            }
            if series.has_curve {
                shapes.push(Shape::Path { points: places, colour, width: 2 });
            }
        }
        let named = self.series.iter().filter(|series| !series.name.is_empty());
        shapes.extend(named.zip(0..).flat_map(|(series, row)| legend(series, row)));
        shapes
    }

    fn place(&self, [x, y]: [f64; 2]) -> At {
        let across = f64::from(RIGHT - LEFT) * self.x.part(x);
        let up = f64::from(BOTTOM - TOP) * self.y.part(y);
        [LEFT + across.round() as i32, BOTTOM - up.round() as i32]
    }

    fn axes(&self) -> Vec<Shape> {
        let grid = |from: At, to: At| Shape::Path { points: vec![from, to], colour: Colour::GRID, width: 1 };
        let text = |text: &str, at: At, anchor| Shape::Text { at, text: text.into(), anchor };
        let mut shapes = Vec::new();
        for tick in self.x.ticks() {
            let x = LEFT + (f64::from(RIGHT - LEFT) * self.x.part(tick.value)).round() as i32;
            shapes.push(grid([x, TOP], [x, BOTTOM]));
            shapes.push(text(&tick.label, [x, BOTTOM + 2 * GAP], Anchor::Middle));
        }
        for tick in self.y.ticks() {
            let y = BOTTOM - (f64::from(BOTTOM - TOP) * self.y.part(tick.value)).round() as i32;
            shapes.push(grid([LEFT, y], [RIGHT, y]));
            shapes.push(text(&tick.label, [LEFT - GAP, y], Anchor::End));
        }
        shapes.push(text(&self.above, [LEFT, TOP / 2], Anchor::Start));
        shapes.push(text(&self.below, [(LEFT + RIGHT) / 2, BOTTOM + 2 * LINE], Anchor::Middle));
        shapes
    }
}

fn legend(series: &Series, row: i32) -> [Shape; 2] {
    let [x, y] = [LEFT + LINE, TOP + LINE + row * LINE];
    [
        Shape::Mark { at: [x, y], colour: series.colour },
        Shape::Text { at: [x + LINE / 2 + GAP, y], text: series.name.clone(), anchor: Anchor::Start },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> Chart {
        let curve = vec![[0.0, 0.0], [500.0, 1.0], [1000.0, 2.0]];
        Chart {
            above: "seconds".into(),
            below: "tokens".into(),
            x: Axis::from_zero(1000.0),
            y: Axis::from_zero(2.0),
            series: vec![
                Series::curve("", Colour::DARK, curve.clone()),
                Series::marks("measured", Colour::BLUE, curve),
            ],
        }
    }

    #[test]
    fn curves_and_marks_are_on_the_picture() {
        let picture = chart().picture();
        let count = |colour: Colour| picture.pixels().filter(|pixel| pixel.0 == colour.0).count();
        let mark = count(Colour::BLUE) / 4;
        assert!(mark > 50 && count(Colour::BLUE) == 4 * mark, "three marks and one of the legend");
        assert!(count(Colour::DARK) > 500 && count(Colour::INK) > 500);
    }

    #[test]
    fn a_larger_value_stands_higher() {
        let chart = chart();
        let [low, high] = [chart.place([0.0, 0.5]), chart.place([1000.0, 1.5])];
        assert!(high[1] < low[1] && high[0] > low[0]);
        assert_eq!(chart.place([0.0, 0.0]), [LEFT, BOTTOM]);
        assert_eq!(chart.place([2000.0, 9.0]), [RIGHT, TOP]);
    }

    #[test]
    fn svg_holds_the_same() {
        let mut chart = chart();
        chart.above = "<a & b>".into();
        let svg = chart.svg();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
        assert!(svg.contains("&lt;a &amp; b&gt;") && svg.contains(">measured</text>"), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 4);
    }
}
