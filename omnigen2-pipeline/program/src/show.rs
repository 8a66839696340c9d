//! `omnigen2 show`.

use std::path::PathBuf;

use omnigen2_pipeline::metadata::{self, Record};

use crate::console::{print, tame};
use crate::failure::{Code, Failure};

/// Prints how a picture was made
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A PNG that `generate` wrote
    picture: PathBuf,
    /// Print the record as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let record = metadata::read(&args.picture)?;
    if args.json {
        return print(serde_json::to_string(&record).map_err(|e| Failure::new(Code::Failed, e))?);
    }
    for Line { name, value } in lines(&record) {
        let [name, value] = [name, value].map(|text| tame(&text));
        print(format_args!("{name:18} {}", value.replace('\n', "\n                   ")))?;
    }
    Ok(())
}

struct Line {
    name: String,
    value: String,
}

fn lines(record: &Record) -> Vec<Line> {
    let request = &record.request;
    let mut lines = Vec::new();
    let mut line = |name: &str, value: String| lines.push(Line { name: name.into(), value });
    line("prompt", request.prompt.clone());
    line("negative prompt", request.negative.clone());
    for (reference, number) in record.references.iter().zip(1..) {
        line(&format!("reference {number}"), reference.path.display().to_string());
    }
    let size = request.size.map_or_else(|| "that of the reference, or 1024x1024".into(), |s| s.to_string());
    line("size", size);
    line("picture", format!("{} of {}", record.index + 1, request.count));
    line("seed", request.seed.to_string());
    line("steps", request.steps.to_string());
    line("solver", request.solver.to_string());
    line("time shift", request.time_shift.to_string());
    line("guidance", request.guidance.to_string());
    line("step cache", request.step_cache.to_string());
    line("most pixels", request.max_pixels.to_string());
    line("most tokens", request.max_tokens.to_string());
    let limits = request.reference_limits;
    line("reference limits", format!("{} pixels, {} a side", limits.max_pixels, limits.max_side));
    let latents = if request.draw_references { "drawn from the seed" } else { "the most likely" };
    line("reference latents", latents.into());
    line("checkpoint", record.checkpoint.clone());
    for (name, value) in &record.settings {
        line(name, value.clone());
    }
    line("version", record.version.clone());
    lines
}
