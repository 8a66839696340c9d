//! `omnigen2 presets`.

use omnigen2_pipeline::{ImageRequest, Preset};
use serde_json::{Map, Value, json};

use crate::console::print;
use crate::failure::{Code, Failure};

/// Characters of a negative prompt that are listed; all of them are in the JSON.
const SHOWN: usize = 48;

/// Lists the presets with their settings
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print one JSON object in place of text
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let presets = Preset::all().iter().map(|preset| (preset, preset.apply(ImageRequest::default())));
    if args.json {
        let presets: Result<Map<String, Value>, serde_json::Error> = presets
            .map(|(preset, request)| {
                let settings = serde_json::to_value(&request)?;
                let value = json!({ "description": preset.description, "request": settings });
                Ok((preset.name.to_owned(), value))
            })
            .collect();
        return print(Value::Object(presets.map_err(|e| Failure::new(Code::Failed, e))?));
    }
    for (preset, request) in presets {
        print(format_args!("{:11} {}", preset.name, preset.description))?;
        print(format_args!(
            "            {} steps of {}, time shift {}, guidance: {}, step cache {}",
            request.steps, request.solver, request.time_shift, request.guidance, request.step_cache,
        ))?;
        if !request.negative.is_empty() {
            let beginning: String = request.negative.chars().take(SHOWN).collect();
            print(format_args!("            negative prompt: {beginning}…"))?;
        }
    }
    Ok(())
}
