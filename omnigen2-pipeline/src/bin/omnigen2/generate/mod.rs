//! `omnigen2 generate`.

mod args;
mod output;
mod references;
mod request;
mod settings;

use std::fs;

use omnigen2_pipeline::metadata::{self, Record};
use omnigen2_pipeline::pixels::RgbImage;
use omnigen2_pipeline::{Generation, ImageRequest, OmniGen2};
use serde_json::json;

use self::args::SettingsArgs;
use self::output::Output;
use self::references::Reference;
use crate::checkpoint::Source;
use crate::console::{Console, print};
use crate::device;
use crate::failure::Failure;
use crate::interrupt::Interrupt;

pub(crate) use self::args::Args;

/// All that is known before any part is loaded.
struct Plan {
    request: ImageRequest,
    references: Vec<Reference>,
    outputs: Vec<Output>,
    source: Source,
    settings: SettingsArgs,
}

/// Draws with a plan.
struct Session<'a> {
    plan: &'a Plan,
    record: Record,
    console: &'a Console,
    interrupt: &'a Interrupt,
    preview_every: Option<usize>,
    json: bool,
}

pub(crate) fn run(args: Args, console: &Console, interrupt: &Interrupt) -> Result<(), Failure> {
    let (preview_every, json) = (args.preview_every.map(|steps| steps as usize), args.json);
    let plan = plan(args)?;
    let device = device::choose(plan.settings.device.as_deref())?;
    let found = plan.source.clone().find(console, interrupt)?;
    let mut settings = plan.settings.record(&device.name);
    settings.extend(found.settings().into_iter().map(|(name, value)| (name.to_owned(), value)));
    let record = Record {
        version: env!("CARGO_PKG_VERSION").into(),
        request: ImageRequest { references: Vec::new(), ..plan.request.clone() },
        references: plan.references.iter().map(Reference::record).collect(),
        checkpoint: found.name.clone(),
        settings,
        index: 0,
    };
    let builder = plan.settings.apply(OmniGen2::builder(&device.device));
    let mut omnigen2 = found.into_builder(builder)?.build()?;
    console.say(format_args!("seed {}", plan.request.seed));
    let session = Session { plan: &plan, record, console, interrupt, preview_every, json };
    let pictures = session.draw(&mut omnigen2)?;
    session.write(&pictures)
}

fn plan(args: Args) -> Result<Plan, Failure> {
    let like = args.like.as_ref().map(metadata::read).transpose()?;
    let like = like.as_ref();
    let mut request = request::request(&args, like)?;
    let recorded = like.filter(|_| args.image.is_empty());
    request::check_count(recorded.map_or(args.image.len(), |record| record.references.len()))?;
    let outputs = output::outputs(&args, like, &request)?;
    let given = Source::given(args.weights.checkpoint, args.loose)?;
    let noted = || like.map(|record| Source::recorded(&record.checkpoint, &record.settings));
    let source = given.or_else(noted).map_or_else(Source::from_environment, Ok)?;
    let settings = match like {
        Some(record) => args.settings.or_recorded(&record.settings)?,
        None => args.settings,
    };
    let references = match recorded {
        Some(record) => references::recorded(record)?,
        None => references::given(&args.image)?,
    };
    request::check_references(&request, &references)?;
    request.references = references.iter().map(|reference| reference.picture.clone()).collect();
    Ok(Plan { request, references, outputs, source, settings })
}

impl Session<'_> {
    fn draw(&self, omnigen2: &mut OmniGen2) -> Result<Vec<RgbImage>, Failure> {
        let spinner = self.console.spinner("loading, and reading the prompt");
        let mut generation = omnigen2.generate(&self.plan.request)?;
        spinner.finish_and_clear();
        let bar = self.console.steps(generation.total_steps()).with_message("drawing");
        self.interrupt.check()?;
        while let Some(step) = generation.next().transpose()? {
            bar.set_position(step.index as u64);
            self.interrupt.check()?;
            let due = self.preview_every.is_some_and(|every| step.index % every == 0);
            if due && step.index < step.steps {
                self.preview(&mut generation, format!("step {} of {}", step.index, step.steps))?;
            }
        }
        bar.finish_and_clear();
        let spinner = self.console.spinner("decoding");
        let pictures = generation.finish()?;
        spinner.finish_and_clear();
        self.interrupt.check()?;
        Ok(pictures)
    }

    fn preview(&self, generation: &mut Generation<'_>, step: String) -> Result<(), Failure> {
        let pictures = generation.preview()?;
        let mut record = self.record.clone();
        record.settings.insert("preview".into(), step);
        for output in &self.plan.outputs {
            if let Some(picture) = pictures.get(output.index) {
                record.index = output.index;
                metadata::save(output.preview(), picture, &record)?;
            }
        }
        Ok(())
    }

    fn write(&self, pictures: &[RgbImage]) -> Result<(), Failure> {
        for output in &self.plan.outputs {
            let Some(picture) = pictures.get(output.index) else { continue };
            let record = Record { index: output.index, ..self.record.clone() };
            metadata::save(&output.path, picture, &record)?;
            if self.preview_every.is_some() {
                let _ = fs::remove_file(output.preview());
            }
            match self.json {
                true => print(json!({
                    "path": output.path.to_string_lossy(),
                    "width": picture.width(),
                    "height": picture.height(),
                    "seed": record.request.seed,
                    "index": record.index,
                }))?,
                false => print(output.path.display())?,
            }
        }
        Ok(())
    }
}
