//! `omnigen2 convert`.

use std::path::PathBuf;

use omnigen2_pipeline::convert::{Blocks, Conversion};
use omnigen2_pipeline::weights::Storage;
use omnigen2_pipeline::{Checkpoint, device::by_name};

use crate::checkpoint::Source;
use crate::console::print;
use crate::device;
use crate::failure::Failure;
use crate::settings;
use crate::work::Work;

/// Writes a checkpoint anew with its weights in another type, and prints its directory
///
/// The layout stays: what could be loaded before can be loaded after. Weights in 16 bits take half the room, and a
/// CPU uses them where they lie, in the file. With --weights, transformer and language model become a GGUF file each, of
/// integers which are taken as they are when they are loaded. Begun again, it goes on where it was. A file of the checkpoint
/// that is cut short meanwhile ends the program (SIGBUS), unless Linux has it from a network's file system.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A directory, or a repository, which is pulled if it is not in the cache
    #[arg(value_name = "DIR|REPOSITORY")]
    checkpoint: String,
    /// The directory to write
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// The type of the weights; `stored` copies them
    #[arg(long, value_name = "TYPE", default_value_t = Storage::Bf16, value_parser = settings::file_storage())]
    dtype: Storage,
    /// Write GGUF files: the blocks of integers that large matrices of transformer and language model become; what is
    /// small, or first or last in its network, is not narrowed as much, and the VAE stays as it is
    #[arg(long, value_name = "TYPE", conflicts_with = "dtype", value_parser = settings::blocks())]
    weights: Option<Blocks>,
}

pub(crate) fn run(args: Args, work: Work<'_>) -> Result<(), Failure> {
    let from = Source::Named(args.checkpoint).find(work.console, work.interrupt)?.directory()?;
    let conversion = match args.weights {
        Some(blocks) => Conversion::quantising(&from, &args.output, blocks)?,
        None => Conversion::begin(&from, &args.output, args.dtype)?,
    };
    let bar = work.console.bytes(0);
    for progress in conversion {
        let progress = progress?;
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes_done);
        bar.set_message(progress.file.file_name().unwrap_or_default().to_string_lossy().into_owned());
        work.interrupt.check()?;
    }
    bar.finish_and_clear();
    let device = by_name("cpu").or_else(|_| device::choose(None).map(|chosen| chosen.device))?;
    Checkpoint::open(&args.output)?.verify(&device)?;
    print(args.output.display())
}
