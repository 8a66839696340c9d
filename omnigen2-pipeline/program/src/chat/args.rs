use std::path::PathBuf;

use crate::drawing::DrawingArgs;
use crate::engine::EngineArgs;
use crate::speaking::SpeakingArgs;

/// Talks, about pictures too, and draws what is asked for
///
/// `/help` lists what is no message. Ctrl-C ends a reply or drops a drawing; at the prompt, twice or Ctrl-D leaves.
/// Where stdin is no terminal, each of its lines is a message or a command.
///
/// With --json, each line of stdin is {"text": ..., "images": ["fox.png"]}, {"command": "new"} or {"command": "save",
/// "file": ...}. Each line of stdout is {"piece": ...} while a reply comes; then {"turn": "text", "text": ...} or
/// {"turn": "draw", "path": ..., "width": ..., "height": ..., "seed": ...}; {"done": ...} after a command; or
/// {"error": ...}, after which the conversation goes on.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Where drawn pictures go, as omnigen2-chat-1.png and so on
    #[arg(long, value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub(super) output_dir: PathBuf,
    /// Read and write lines of JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) speaking: SpeakingArgs,
    #[command(flatten)]
    pub(super) drawing: DrawingArgs,
    #[command(flatten)]
    pub(super) engine: EngineArgs,
}
