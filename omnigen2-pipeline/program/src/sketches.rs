//! `omnigen2 sketches`.

use std::path::PathBuf;

use omnigen2_train::{Sketch, write_sketches};

use crate::console::print;
use crate::drawing::output;
use crate::engine::{Engine, EngineArgs};
use crate::failure::Failure;
use crate::work::Work;

/// Steps of the sketches, in turn.
const STEPS: [usize; 4] = [6, 4, 3, 2];

/// Draws sketches in the shapes world with a checkpoint, and writes them as examples to train on: what a perfect
/// critic says about each, and what it becomes when it is mended
///
/// As many right ones are kept as wrong ones. Prompts are of those that are trained on.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where to write `examples.jsonl` and the pictures
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// How many sketches to draw
    #[arg(short, long, default_value_t = 5000)]
    n: u64,
    /// What prompts and noise are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    engine: EngineArgs,
}

pub(crate) fn run(args: Args, work: Work<'_>) -> Result<(), Failure> {
    output::check_folder(&args.folder)?;
    let Engine { mut omnigen2, .. } = args.engine.origin()?.open(work)?;
    let bar = work.console.steps(args.n as usize);
    let (mut sketches, mut balance) = (Vec::new(), 0_i64);
    for index in 0..args.n {
        let steps = STEPS[index as usize % STEPS.len()];
        let sketch = Sketch::draw(&mut omnigen2, args.seed, index, steps)?;
        bar.inc(1);
        work.interrupt.check()?;
        let Some(sketch) = sketch else { continue };
        let is_right = sketch.is_right();
        // The balance is of wrong ones over right ones.
        if is_right && balance <= 0 {
            continue;
        }
        balance += if is_right { -1 } else { 1 };
        sketches.push(sketch);
    }
    bar.finish_and_clear();
    write_sketches(sketches, &args.folder)?;
    print(args.folder.join("examples.jsonl").display())
}
