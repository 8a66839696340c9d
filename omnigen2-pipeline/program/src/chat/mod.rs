//! `omnigen2 chat`.

mod args;
mod entry;
mod format;
mod input;
mod session;
mod transcript;

use omnigen2_pipeline::ImageRequest;

use self::format::Format;
use self::input::{Input, Line};
use self::session::{Flow, Session};
use crate::drawing::{self, output, references};
use crate::failure::{Code, Failure};
use crate::work::Work;

pub(crate) use self::args::Args;

pub(crate) fn run(args: Args, work: Work<'_>) -> Result<(), Failure> {
    check(&args)?;
    let engine = args.engine.clone().origin()?.open(work)?;
    let format = if args.json { Format::Json } else { Format::Text };
    let mut input = Input::open(format)?;
    let mut session = Session::new(args, engine, work, format);
    loop {
        let taken = match input.next(work)? {
            Line::Said(line) => format.parse(&line).and_then(|entry| session.take(entry)),
            Line::Refused(failure) => Err(failure),
            Line::Over => break,
        };
        match taken {
            Ok(Flow::On) => {}
            Ok(Flow::Over) => break,
            Err(failure) if is_final(&failure) => return Err(failure),
            Err(failure) => format.failed(&failure)?,
        }
    }
    Ok(())
}

/// Tells that every turn after it would fail as well, or that none is wanted.
fn is_final(failure: &Failure) -> bool {
    matches!(failure.code(), Code::Checkpoint | Code::Device | Code::Terminated)
}

/// Fails before anything is loaded.
fn check(args: &Args) -> Result<(), Failure> {
    let request = args.drawing.apply(ImageRequest::default());
    drawing::check(&request)?;
    if let Some(size) = request.size {
        let unseen = "a picture of this size cannot be looked at in the turns after it";
        references::check_shown(size).map_err(|e| Failure::new(Code::Request, e).within(unseen))?;
    }
    output::check_folder(&args.output_dir)
}
