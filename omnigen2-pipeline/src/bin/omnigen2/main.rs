//! The `omnigen2` program: draws, edits and combines pictures.

mod checkpoint;
mod console;
mod device;
mod failure;
mod generate;
mod inspect;
mod interrupt;
mod presets;
mod pull;
mod show;
mod values;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::console::Console;
use crate::failure::{Code, Failure};
use crate::interrupt::Interrupt;

/// glibc returns large blocks to the system at every free, which makes each temporary of a network pay for its
/// pages again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Draws, edits and combines pictures with OmniGen2.
#[derive(Parser)]
#[command(version, after_help = failure::table(), max_term_width = 110)]
struct Program {
    #[command(subcommand)]
    command: Command,
    /// Say nothing on stderr but warnings and errors
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Subcommand)]
enum Command {
    Generate(Box<generate::Args>),
    Show(show::Args),
    Inspect(inspect::Args),
    Pull(pull::Args),
    Presets(presets::Args),
    Devices(device::Args),
}

fn main() -> ExitCode {
    let program = Program::parse();
    let console = Console::start(program.quiet);
    std::panic::set_hook(Box::new(|panic| {
        let _ = failure::report(&Failure::new(
            Code::Failed,
            format!("this is a bug: {}", panic.to_string().replace('\n', " ")),
        ));
    }));
    let outcome = catch_unwind(AssertUnwindSafe(|| run(program.command, &console)));
    console.clear();
    match outcome {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => failure::report(&failure),
        Err(_) => Code::Failed.into(),
    }
}

fn run(command: Command, console: &Console) -> Result<(), Failure> {
    match command {
        Command::Generate(args) => generate::run(*args, console, &Interrupt::listen(console)?),
        Command::Show(args) => show::run(&args),
        Command::Inspect(args) => inspect::run(&args, console, &Interrupt::listen(console)?),
        Command::Pull(args) => pull::run(args, console, &Interrupt::listen(console)?),
        Command::Presets(args) => presets::run(&args),
        Command::Devices(args) => device::run(&args),
    }
}
