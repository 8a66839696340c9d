use std::path::PathBuf;

use crate::drawing::{DrawingArgs, PromptArgs};
use crate::engine::EngineArgs;

/// Draws a picture, edits one, or combines several
///
/// Prints the paths of the pictures. Each keeps the whole request: `omnigen2 show OUT.png` prints it, and
/// `omnigen2 generate --like OUT.png` draws it again.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// What to draw, or how to change the pictures; may be empty
    #[arg(required_unless_present = "like")]
    pub(super) prompt: Option<String>,
    /// A picture to edit or to take subjects from; up to five
    #[arg(short, long, value_name = "IMAGE")]
    pub(super) image: Vec<PathBuf>,
    /// The picture; of several, OUT-1.png, OUT-2.png and so on [default: omnigen2.png]
    #[arg(short, long, value_name = "OUT.png", default_value = "omnigen2.png", hide_default_value = true)]
    pub(super) output: PathBuf,
    /// Draw this picture again: its request, references, checkpoint and settings are used unless given
    #[arg(long, value_name = "OUT.png")]
    pub(super) like: Option<PathBuf>,
    /// Fetch the repository that the picture of --like names, if it is not on this machine
    #[arg(long, requires = "like")]
    pub(super) pull: bool,
    /// Write OUT.preview.png every N steps, or OUT.preview-2.png where there is such a file; it goes when the picture
    /// is there
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) preview_every: Option<u32>,
    /// Print one line of JSON a picture in place of its path
    #[arg(long)]
    pub(super) json: bool,
    /// How many pictures to draw [default: 1]
    #[arg(long, value_name = "N", help_heading = "Drawing")]
    pub(super) count: Option<usize>,
    #[command(flatten)]
    pub(super) prompt_args: PromptArgs,
    #[command(flatten)]
    pub(super) drawing: DrawingArgs,
    #[command(flatten)]
    pub(super) engine: EngineArgs,
}
