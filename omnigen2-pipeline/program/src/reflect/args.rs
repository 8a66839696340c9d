use std::path::PathBuf;

use omnigen2_pipeline::Mend;

use crate::drawing::{DrawingArgs, PromptArgs};
use crate::engine::EngineArgs;
use crate::values;

/// Draws a picture, judges it and mends it, round by round
///
/// Stops when the picture shows all that was asked for. The best picture is kept and its path printed; what was
/// found in each round is said on the way.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// What to draw, or how to change the pictures
    pub(super) prompt: String,
    /// A picture to edit or to take subjects from; up to five
    #[arg(short, long, value_name = "IMAGE")]
    pub(super) image: Vec<PathBuf>,
    /// The most pictures that are drawn one after the other
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(super) rounds: u32,
    /// How the next picture comes about
    #[arg(long, default_value_t, value_parser = values::one_of(Mend::ALL, Mend::name, about))]
    pub(super) mend: Mend,
    /// The best picture [default: omnigen2.png]
    #[arg(short, long, value_name = "OUT.png", default_value = "omnigen2.png", hide_default_value = true)]
    pub(super) output: PathBuf,
    /// Keep each round's picture too, as DIR/round-1.png and so on, and all of them in DIR/contact-sheet.png
    #[arg(long, value_name = "DIR")]
    pub(super) keep_all: Option<PathBuf>,
    /// Print one line of JSON a round, and one for the best of them, in place of its path
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) prompt_args: PromptArgs,
    #[command(flatten)]
    pub(super) drawing: DrawingArgs,
    #[command(flatten)]
    pub(super) engine: EngineArgs,
}

/// The help of a way to mend.
fn about(mend: Mend) -> &'static str {
    match mend {
        Mend::Edit => "By editing the last one",
        Mend::Redraw => "By drawing anew, with an amended prompt",
    }
}
