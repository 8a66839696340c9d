use image::RgbImage;
use omnigen2_plot::{Axis, Chart, Colour, Series};

use crate::Sample;
use crate::fit::Fit;

/// Points of a curve.
const STEPS: u32 = 200;

/// The samples, the curve through them, and the part of it that is not attention's.
pub(crate) fn plot(samples: &[Sample], fit: &Fit) -> RgbImage {
    let largest = |of: fn(&Sample) -> f64| samples.iter().map(of).fold(0.0, f64::max);
    let end = largest(|sample| sample.tokens);
    let curve = |cost: &dyn Fn(f64) -> f64| {
        let tokens = (0..=STEPS).map(|step| end * f64::from(step) / f64::from(STEPS));
        tokens.map(|tokens| [tokens, cost(tokens).max(0.0)]).collect()
    };
    let marks = |has_references: bool| {
        let samples = samples.iter().filter(|sample| sample.has_references == has_references);
        samples.map(|sample| [sample.tokens, sample.seconds]).collect()
    };
    let chart = Chart {
        above: "seconds for one joint layer".into(),
        below: "tokens: text, references, image".into(),
        x: Axis::from_zero(end),
        y: Axis::from_zero(largest(|sample| sample.seconds).max(fit.at(end))),
        series: vec![
            Series::curve("without its last term, attention's", Colour::LIGHT, curve(&|at| fit.linear(at))),
            Series::curve("the fit: a + b tokens + c tokens²", Colour::DARK, curve(&|at| fit.at(at))),
            Series::marks("larger images", Colour::BLUE, marks(false)),
            Series::marks("a 256x256 image, 256x256 references", Colour::ORANGE, marks(true)),
        ],
    };
    chart.picture()
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
        let count = |colour: Colour| picture.pixels().filter(|pixel| pixel.0 == colour.0).count();
        let mark = count(Colour::ORANGE) / 2;
        assert!(mark > 50, "one mark and one in the legend");
        assert_eq!(count(Colour::BLUE), 3 * mark);
        assert!(count(Colour::DARK) > 500 && count(Colour::INK) > 500);
    }
}
