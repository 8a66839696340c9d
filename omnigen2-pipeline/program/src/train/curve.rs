//! The loss of a run as a picture.

use image::RgbImage;
use omnigen2_plot::{Axis, Chart, Colour, Series};

/// The most points of the curve: each is the mean of as many steps.
const POINTS: usize = 200;
/// Parts of the axis of steps.
const PARTS: usize = 5;

/// The losses of a table, on a logarithmic axis; nothing, while there are none.
pub(crate) fn plot(table: &str) -> Option<RgbImage> {
    let losses: Vec<f64> =
        table.lines().skip(1).filter_map(|row| row.split(',').nth(1)?.parse().ok()).collect();
    let means = losses
        .chunks(losses.len().div_ceil(POINTS).max(1))
        .map(|steps| (steps.iter().sum::<f64>() / steps.len() as f64).max(f64::MIN_POSITIVE));
    let points: Vec<[f64; 2]> = means.enumerate().map(|(i, loss)| [i as f64, loss]).collect();
    if points.is_empty() {
        return None;
    }
    let least = points.iter().map(|point| point[1]).fold(f64::INFINITY, f64::min);
    let most = points.iter().map(|point| point[1]).fold(f64::NEG_INFINITY, f64::max);
    let last = (points.len() - 1).max(1) as f64;
    let part = |part: usize| (last * part as f64 / PARTS as f64, format!("{}", losses.len() * part / PARTS));
    let chart = Chart {
        above: "loss, the mean of neighbouring steps".into(),
        below: "steps".into(),
        x: Axis::between([0.0, last], (0..=PARTS).map(part)),
        y: Axis::logarithmic([least, most]),
        series: vec![Series::curve("", Colour::BLUE, points)],
    };
    Some(chart.picture())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_falling_loss_falls() {
        let table: String =
            (0..1000).map(|i| format!("{i},{},0,0,1\n", 10.0 / (1.0 + f64::from(i)))).collect();
        let picture = plot(&format!("step,loss\n{table}")).unwrap();
        let inked = |x: u32| (0..picture.height()).find(|&y| picture.get_pixel(x, y).0 == Colour::BLUE.0);
        let columns: Vec<u32> = (0..picture.width()).filter(|&x| inked(x).is_some()).collect();
        assert!(inked(columns[2]) < inked(columns[columns.len() - 3]));
        assert!(plot("step,loss\n").is_none());
    }
}
