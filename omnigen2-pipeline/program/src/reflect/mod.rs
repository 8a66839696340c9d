//! `omnigen2 reflect`.

mod args;
mod report;

use omnigen2_pipeline::ImageRequest;
use omnigen2_pipeline::metadata::Record;

use self::report::Report;
use crate::drawing::{self, Reference, by_chance, output, references};
use crate::engine::Origin;
use crate::failure::{Code, Failure};
use crate::work::Work;

pub(crate) use self::args::Args;
pub(crate) use self::report::found;

/// The task, as it is known before any part is loaded.
struct Plan {
    request: ImageRequest,
    references: Vec<Reference>,
    origin: Origin,
}

pub(crate) fn run(args: Args, work: Work<'_>) -> Result<(), Failure> {
    let Plan { request, references, origin } = plan(&args)?;
    let mut engine = origin.open(work)?;
    work.console.say(format_args!("seed {}", request.seed));
    let references = references.iter().map(Reference::record).collect();
    let record = Record { references, ..engine.record(&request) };
    let mut report = Report::new(&args, record, work.console);
    let mut reflection = engine.omnigen2.reflect(request, args.rounds as usize)?.mend(args.mend);
    while let Some(generation) = work.wait("loading, and reading the prompt", || Ok(reflection.draw()?))? {
        let pictures = work.draw(generation, |_, _| Ok(()))?;
        let round = work.wait("judging", || Ok(reflection.judge(pictures)?))?;
        report.add(round)?;
    }
    match reflection.best() {
        Some(best) => report.finish(best),
        None => Err(Failure::new(Code::Failed, "no round was drawn")),
    }
}

fn plan(args: &Args) -> Result<Plan, Failure> {
    let origin = args.engine.clone().origin()?;
    let base = origin.usually(ImageRequest { seed: by_chance(), ..ImageRequest::new(&args.prompt) });
    let mut request = args.prompt_args.apply(args.drawing.apply(base));
    drawing::check(&request)?;
    drawing::check_count(args.image.len())?;
    output::check_png(&args.output)?;
    output::check(&args.output)?;
    if let Some(folder) = &args.keep_all {
        output::check_folder(folder)?;
    }
    let references = references::given(&args.image)?;
    drawing::check_references(&request, &references)?;
    request.references = references.iter().map(|reference| reference.picture.clone().into()).collect();
    Ok(Plan { request, references, origin })
}
