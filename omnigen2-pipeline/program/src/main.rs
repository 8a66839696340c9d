//! The `omnigen2` program: draws, edits, combines and describes pictures, and talks.

mod bench;
mod chat;
mod checkpoint;
mod console;
mod convert;
mod demo;
mod describe;
mod device;
mod drawing;
mod engine;
mod eval;
mod failure;
mod generate;
mod inspect;
mod interrupt;
mod plain;
mod presets;
mod pull;
mod reflect;
mod settings;
mod sheet;
mod show;
mod signals;
mod sketches;
mod speaking;
mod train;
mod values;
mod work;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::console::Console;
use crate::failure::{Code, Failure};
use crate::interrupt::Interrupt;
use crate::work::Work;

/// glibc returns large blocks to the system at every free, which makes each temporary of a network pay for its
/// pages again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Draws, edits, combines and describes pictures with OmniGen2, and talks about them.
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
    Demo(demo::Args),
    Describe(Box<describe::Args>),
    Chat(Box<chat::Args>),
    Reflect(Box<reflect::Args>),
    Show(show::Args),
    Inspect(inspect::Args),
    Bench(bench::Args),
    Convert(convert::Args),
    Pull(pull::Args),
    Train(train::Args),
    Eval(Box<eval::Args>),
    Sketches(Box<sketches::Args>),
    Presets(presets::Args),
    Devices(device::Args),
}

fn main() -> ExitCode {
    let program = match Program::try_parse() {
        Ok(program) => program,
        Err(error) => return failure::refuse(&error),
    };
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
    let listen = || Interrupt::listen(console);
    match command {
        Command::Generate(args) => generate::run(*args, Work { console, interrupt: &listen()? }),
        Command::Demo(args) => demo::run(args, Work { console, interrupt: &listen()? }),
        Command::Describe(args) => describe::run(*args, Work { console, interrupt: &listen()? }),
        Command::Chat(args) => chat::run(*args, Work { console, interrupt: &listen()? }),
        Command::Reflect(args) => reflect::run(*args, Work { console, interrupt: &listen()? }),
        Command::Show(args) => show::run(&args),
        Command::Inspect(args) => inspect::run(&args, console, &listen()?),
        Command::Bench(args) => bench::run(args, Work { console, interrupt: &listen()? }),
        Command::Convert(args) => convert::run(args, Work { console, interrupt: &listen()? }),
        Command::Train(args) => train::run(&args, Work { console, interrupt: &listen()? }),
        Command::Eval(args) => eval::run(*args, Work { console, interrupt: &listen()? }),
        Command::Sketches(args) => sketches::run(*args, Work { console, interrupt: &listen()? }),
        Command::Pull(args) => pull::run(args, console, &listen()?),
        Command::Presets(args) => presets::run(&args),
        Command::Devices(args) => device::run(&args),
    }
}
