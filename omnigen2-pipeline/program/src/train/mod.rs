//! `omnigen2 train`.

mod curve;

use std::io::{self, Cursor};
use std::path::PathBuf;

use image::ImageFormat;
use omnigen2_pipeline::files::replace;
use omnigen2_train::{Recipe, Run};

use crate::console::print;
use crate::device;
use crate::failure::{Code, Failure};
use crate::work::Work;

/// How much of the loss that is shown is the last step's.
const NEW: f64 = 0.02;

/// Follows a recipe of training, and prints the directory of the checkpoint that comes of it
///
/// The state is saved every so many steps, and when the run is stopped with Ctrl-C. Begun again, it goes on where it
/// was, to the same numbers.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The recipe, a TOML file
    #[arg(value_name = "RECIPE.toml")]
    recipe: PathBuf,
    /// Where to compute: cpu, cuda:0, wgpu …
    #[arg(long)]
    device: Option<String>,
}

pub(crate) fn run(args: &Args, work: Work<'_>) -> Result<(), Failure> {
    let recipe = Recipe::read(&args.recipe)?;
    let device = device::choose(args.device.as_deref())?.device;
    let mut run = Run::begin(recipe, &device)?;
    let bar = work.console.steps(run.recipe().steps as usize);
    bar.set_position(run.trainer().step());
    let mut loss = None;
    let mut last = None;
    while let Some(progress) = run.next().transpose()? {
        let mean = loss.map_or(progress.loss, |mean: f64| (1.0 - NEW) * mean + NEW * progress.loss);
        loss = Some(mean);
        bar.set_position(progress.step);
        bar.set_message(format!("loss {mean:.4}"));
        if work.interrupt.check().is_err() {
            run.save()?;
        }
        let saved = run.saved();
        if saved != last {
            last = saved;
            draw(&run)?;
        }
        work.interrupt.check()?;
    }
    // A run that was cut off after its last step has only this left to do.
    if last.is_none() {
        draw(&run)?;
    }
    bar.finish_and_clear();
    print(run.checkpoint().display())
}

/// The loss so far, beside its table.
fn draw(run: &Run) -> Result<(), Failure> {
    let path = run.curve().with_extension("png");
    let table = std::fs::read_to_string(run.curve()).unwrap_or_default();
    let Some(picture) = curve::plot(&table) else { return Ok(()) };
    let mut png = Cursor::new(Vec::new());
    let encoded = picture.write_to(&mut png, ImageFormat::Png).map_err(io::Error::other);
    let failed = |error| Failure::new(Code::Output, error).within(format!("cannot write {}", path.display()));
    encoded.and_then(|()| replace(&path, png.get_ref())).map_err(failed)
}
