//! `omnigen2 eval`.

mod table;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use image::RgbImage;
use omnigen2_pipeline::CachePolicy;
use omnigen2_shapes::{Attempt, Capability};
use serde_json::json;

use crate::console::print;
use crate::engine::{Engine, EngineArgs};
use crate::failure::{Code, Failure};
use crate::sheet::{Panel, enlarged, sheet};
use crate::work::Work;

use self::table::{Score, table};

/// The most failures on a sheet.
const FAILURES: usize = 24;

/// Measures by meaning what a checkpoint can do in a world that a program can judge
///
/// Cases are functions of the seed, and none of them was ever trained on.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The world
    #[arg(value_enum)]
    world: World,
    /// How many cases of each capability
    #[arg(long, short, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..))]
    n: u64,
    /// What cases and noise are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What is skipped between the steps of pictures, as `omnigen2 generate` has it
    #[arg(long, value_name = "CACHE", default_value_t = CachePolicy::None)]
    step_cache: CachePolicy,
    /// Only these capabilities, by name
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Print a line of JSON for each capability
    #[arg(long)]
    json: bool,
    /// Where to put a sheet of the first failures of each capability
    #[arg(long, value_name = "FOLDER")]
    failures: Option<PathBuf>,
    #[command(flatten)]
    engine: EngineArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum World {
    /// Simple shapes on plain backgrounds
    Shapes,
}

pub(crate) fn run(args: Args, work: Work<'_>) -> Result<(), Failure> {
    let World::Shapes = args.world;
    let wanted = wanted(&args.only)?;
    let mut engine = args.engine.origin()?.open(work)?;
    let mut scores = Vec::new();
    for capability in wanted {
        let trial = Trial { capability, n: args.n, seed: args.seed, step_cache: args.step_cache };
        let measured = trial.measure(&mut engine, work)?;
        if args.json {
            let Score { right, tried, .. } = measured.score;
            print(
                json!({ "capability": capability.word(), "right": right, "of": tried, "seed": args.seed }),
            )?;
        }
        if let Some(folder) = args.failures.as_ref().filter(|_| !measured.failures.is_empty()) {
            keep(&measured.failures, folder, capability)?;
        }
        scores.push(measured.score);
    }
    if !args.json {
        print(table(&scores))?;
    }
    Ok(())
}

fn keep(failures: &[Attempt], folder: &Path, capability: Capability) -> Result<(), Failure> {
    let path = folder.join(format!("{}.png", capability.word()));
    let folder = std::fs::create_dir_all(folder).map_err(image::ImageError::IoError);
    let written = folder.and_then(|()| show(failures).save(&path));
    written
        .map_err(|error| Failure::new(Code::Output, error).within(format!("cannot write {}", path.display())))
}

fn wanted(only: &[String]) -> Result<Vec<Capability>, Failure> {
    let unknown = only.iter().find(|name| Capability::ALL.iter().all(|known| known.word() != *name));
    if let Some(name) = unknown {
        let names: Vec<_> = Capability::ALL.iter().map(|known| known.word()).collect();
        let why = format!("there is no capability {name}; there are {}", names.join(", "));
        return Err(Failure::new(Code::Request, why));
    }
    let is_wanted = |known: &Capability| only.is_empty() || only.iter().any(|name| name == known.word());
    Ok(Capability::ALL.into_iter().filter(is_wanted).collect())
}

struct Measured {
    score: Score,
    failures: Vec<Attempt>,
}

/// Cases of a capability to try.
struct Trial {
    capability: Capability,
    n: u64,
    seed: u64,
    step_cache: CachePolicy,
}

impl Trial {
    fn measure(&self, engine: &mut Engine, work: Work<'_>) -> Result<Measured, Failure> {
        let &Self { capability, n, seed, step_cache } = self;
        let bar = work.console.steps(n as usize);
        bar.set_message(capability.word());
        let (mut right, mut failures) = (0, Vec::new());
        for index in 0..n {
            let attempt = capability.attempt_cached(&mut engine.omnigen2, [seed, index], step_cache)?;
            right += u64::from(attempt.right);
            if !attempt.right && failures.len() < FAILURES {
                failures.push(attempt);
            }
            bar.inc(1);
            work.interrupt.check()?;
        }
        bar.finish_and_clear();
        Ok(Measured { score: Score { name: capability.word(), right, tried: n }, failures })
    }
}

fn show(failures: &[Attempt]) -> RgbImage {
    let enlarged: Vec<RgbImage> = failures.iter().map(|failure| enlarged(&failure.picture)).collect();
    let panels: Vec<Panel<'_>> = failures
        .iter()
        .zip(&enlarged)
        .map(|(failure, picture)| Panel {
            picture,
            title: failure.asked.clone(),
            text: failure.found.clone(),
        })
        .collect();
    sheet(&panels)
}
