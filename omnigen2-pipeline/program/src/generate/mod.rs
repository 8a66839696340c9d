//! `omnigen2 generate`.

mod args;
mod output;
mod preview;

use omnigen2_pipeline::metadata::{self, Record};
use omnigen2_pipeline::pixels::RgbImage;
use omnigen2_pipeline::{Generation, ImageRequest, OmniGen2, Step};
use serde_json::json;

use self::output::Output;
use self::preview::Previews;
use crate::console::print;
use crate::drawing::{self, Reference, by_chance, references};
use crate::engine::Origin;
use crate::failure::Failure;
use crate::work::Work;

pub(crate) use self::args::Args;

/// The task, as it is known before any part is loaded.
struct Plan {
    request: ImageRequest,
    references: Vec<Reference>,
    outputs: Vec<Output>,
    origin: Origin,
}

/// Draws with a plan.
struct Session<'a> {
    request: ImageRequest,
    outputs: Vec<Output>,
    record: Record,
    work: Work<'a>,
    previews: Previews,
    json: bool,
}

pub(crate) fn run(args: Args, work: Work<'_>) -> Result<(), Failure> {
    let (previews, json) = (Previews::new(args.preview_every), args.json);
    let Plan { request, references, outputs, origin } = plan(args)?;
    let mut engine = origin.open(work)?;
    let references = references.iter().map(Reference::record).collect();
    let record = Record { references, ..engine.record(&request) };
    work.console.say(format_args!("seed {}", request.seed));
    let mut session = Session { request, outputs, record, work, previews, json };
    let pictures = session.draw(&mut engine.omnigen2)?;
    session.write(&pictures)
}

fn plan(args: Args) -> Result<Plan, Failure> {
    let like = args.like.as_ref().map(|path| drawing::repeatable(path)).transpose()?;
    let like = like.as_ref();
    let origin = match like {
        Some(record) if args.pull => args.engine.clone().origin_like(record)?.fetching(),
        Some(record) => args.engine.clone().origin_like(record)?,
        None => args.engine.clone().origin()?,
    };
    let mut request = request(&args, like, &origin)?;
    let recorded = like.filter(|_| args.image.is_empty());
    drawing::check_count(recorded.map_or(args.image.len(), |record| record.references.len()))?;
    let outputs = output::outputs(&args, like, &request)?;
    let references = match recorded {
        Some(record) => references::recorded(record)?,
        None => references::given(&args.image)?,
    };
    drawing::check_references(&request, &references)?;
    request.references = references.iter().map(|reference| reference.picture.clone().into()).collect();
    Ok(Plan { request, references, outputs, origin })
}

/// The record's request, as the options change it; references are yet to come.
fn request(args: &Args, like: Option<&Record>, origin: &Origin) -> Result<ImageRequest, Failure> {
    let base = match like {
        Some(record) => record.request.clone(),
        None => origin.usually(ImageRequest { seed: by_chance(), ..ImageRequest::default() }),
    };
    let request = args.prompt_args.apply(args.drawing.apply(base));
    let prompt = args.prompt.clone().unwrap_or(request.prompt.clone());
    let request = ImageRequest { prompt, count: args.count.unwrap_or(request.count), ..request };
    drawing::check(&request)?;
    Ok(request)
}

impl Session<'_> {
    fn draw(&mut self, omnigen2: &mut OmniGen2) -> Result<Vec<RgbImage>, Failure> {
        let work = self.work;
        let generation =
            work.wait("loading, and reading the prompt", || Ok(omnigen2.generate(&self.request)?))?;
        work.draw(generation, |generation, step| self.preview(generation, step))
    }

    fn preview(&mut self, generation: &mut Generation<'_>, step: Step) -> Result<(), Failure> {
        if !self.previews.due(step) {
            return Ok(());
        }
        let pictures = generation.preview()?;
        let mut record = self.record.clone();
        record.settings.insert("preview".into(), format!("step {} of {}", step.index, step.steps));
        for output in &self.outputs {
            if let Some(picture) = pictures.get(output.index) {
                record.index = output.index;
                self.previews.write(output, picture, &record)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, pictures: &[RgbImage]) -> Result<(), Failure> {
        for output in &self.outputs {
            let Some(picture) = pictures.get(output.index) else { continue };
            let record = Record { index: output.index, ..self.record.clone() };
            metadata::save(&output.path, picture, &record)?;
            self.previews.remove(output);
            if self.json {
                print(json!({
                    "path": output.path.to_string_lossy(),
                    "width": picture.width(),
                    "height": picture.height(),
                    "seed": record.request.seed,
                    "index": record.index,
                }))?;
            } else {
                print(output.path.display())?;
            }
        }
        Ok(())
    }
}
