//! The seconds of a step as a plot.

use std::io::{self, Cursor};
use std::path::Path;

use image::ImageFormat;
use omnigen2_bench::Row;
use omnigen2_pipeline::files::replace;
use omnigen2_plot::{Axis, Chart, Colour, Series};

use crate::failure::{Code, Failure};

/// Fails on a name that promises a format which is not written.
pub(super) fn check(path: &Path) -> Result<(), Failure> {
    if ends(path, "png") || ends(path, "svg") {
        return Ok(());
    }
    let message = format!("{} ends neither in .png nor in .svg, the formats written", path.display());
    Err(Failure::new(Code::Request, message))
}

pub(super) fn write(rows: &[Row], path: &Path) -> Result<(), Failure> {
    let chart = chart(rows);
    let bytes = if ends(path, "svg") { Ok(chart.svg().into_bytes()) } else { png(&chart) };
    let failed = |error| Failure::new(Code::Output, error).within(format!("cannot write {}", path.display()));
    bytes.and_then(|bytes| replace(path, &bytes)).map_err(failed)
}

fn ends(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending))
}

fn png(chart: &Chart) -> io::Result<Vec<u8>> {
    let mut png = Cursor::new(Vec::new());
    chart.picture().write_to(&mut png, ImageFormat::Png).map_err(io::Error::other)?;
    Ok(png.into_inner())
}

/// A curve for each setting over the pixels of the picture.
fn chart(rows: &[Row]) -> Chart {
    let steps = || rows.iter().flat_map(|row| &row.steps);
    let pixels = |step: &omnigen2_bench::StepTime| step.size.pixels() as f64;
    let [most, longest] =
        [steps().map(pixels).fold(0.0, f64::max), steps().map(|step| step.step).fold(0.0, f64::max)];
    let ticks = rows.first().into_iter().flat_map(|row| &row.steps);
    let ticks = ticks.map(|step| (pixels(step), step.size.to_string()));
    let series = rows.iter().zip(Colour::SERIES.into_iter().cycle()).map(|(row, colour)| {
        let points = row.steps.iter().map(|step| [pixels(step), step.step]).collect();
        let name = format!("{} weights, computed in {}", row.setting.weights, row.setting.compute);
        Series::curve(name, colour, points).marked()
    });
    Chart {
        above: "seconds a step, two branches of guidance".into(),
        below: "the size of the picture".into(),
        x: Axis::between([0.0, most], ticks),
        y: Axis::from_zero(longest),
        series: series.collect(),
    }
}
