//! Development tasks: `cargo xtask COMMAND`.
//!
//! A command is a file beside this one and a line in `COMMANDS`.

use std::fmt;
use std::process::ExitCode;

mod arguments;
mod ci;
mod compare;
mod fuzz;
mod synth;
mod tidy;

struct Command {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

const COMMANDS: &[Command] = &[
    Command { name: "ci", about: ci::ABOUT, run: ci::run },
    Command { name: "compare", about: compare::ABOUT, run: compare::run },
    Command { name: "fuzz", about: fuzz::ABOUT, run: fuzz::run },
    Command { name: "synth", about: synth::ABOUT, run: synth::run },
    Command { name: "tidy", about: tidy::ABOUT, run: tidy::run },
    Command { name: "help", about: "print this text", run: help },
];

/// Why a command did not succeed.
enum Failure {
    /// The command line was not understood: exit code 2.
    Usage(String),
    /// The work failed: exit code 1.
    Work(String),
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Work(error.to_string())
    }
}

fn main() -> ExitCode {
    if let Some(code) = fuzz::compile() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Work(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(1)
        }
        Err(Failure::Usage(message)) => {
            eprintln!("error: {message}\n\n{Usage}");
            ExitCode::from(2)
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<(), Failure> {
    let Some((name, rest)) = arguments.split_first() else { return help(&[]) };
    let name = if matches!(name.as_str(), "-h" | "--help") { "help" } else { name };
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(rest),
        None => Err(Failure::Usage(format!("no command is called `{name}`"))),
    }
}

fn help(_arguments: &[String]) -> Result<(), Failure> {
    println!("{Usage}");
    Ok(())
}

struct Usage;

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Usage: cargo xtask COMMAND\n\nCommands:")?;
        COMMANDS.iter().try_for_each(|command| write!(f, "\n  {:<9}{}", command.name, command.about))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_command_is_a_matter_of_usage() {
        assert!(
            matches!(dispatch(&["tydi".into()]), Err(Failure::Usage(message)) if message.contains("tydi"))
        );
    }

    #[test]
    fn help_names_every_command() {
        let usage = Usage.to_string();
        assert!(COMMANDS.iter().all(|command| usage.contains(command.name) && usage.contains(command.about)));
    }
}
