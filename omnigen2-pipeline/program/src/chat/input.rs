use std::io::{self, BufRead, IsTerminal, Read, StdinLock};

use rustyline::error::ReadlineError;
use rustyline::{Config, DefaultEditor};

use super::format::Format;
use crate::failure::{Code, Failure};
use crate::work::Work;

const PROMPT: &str = "> ";
/// Bytes of a line.
const LONGEST: u64 = 1 << 24;

/// Where lines come from.
pub(super) enum Input {
    /// Someone at a terminal, with line editing and a history.
    Terminal(Box<DefaultEditor>),
    /// A file or another program.
    Lines(StdinLock<'static>),
}

impl Input {
    pub(super) fn open(format: Format) -> Result<Self, Failure> {
        let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        match terminal && format == Format::Text {
            true => {
                let config = Config::builder().auto_add_history(true).build();
                Ok(Self::Terminal(Box::new(DefaultEditor::with_config(config).map_err(unreadable)?)))
            }
            false => Ok(Self::Lines(io::stdin().lock())),
        }
    }

    /// The next line; none when there are no more.
    pub(super) fn next(&mut self, work: Work<'_>) -> Result<Option<String>, Failure> {
        match self {
            Self::Terminal(editor) => edited(editor, work),
            Self::Lines(stdin) => work.interrupt.leave_during(|| line(stdin)),
        }
    }
}

/// Ctrl-C clears the line; twice in a row it leaves.
fn edited(editor: &mut DefaultEditor, work: Work<'_>) -> Result<Option<String>, Failure> {
    let mut cleared = false;
    loop {
        match editor.readline(PROMPT) {
            Ok(line) => return Ok(Some(line)),
            Err(ReadlineError::Eof) => return Ok(None),
            Err(ReadlineError::Interrupted) if cleared => return Ok(None),
            Err(ReadlineError::Interrupted) => {
                cleared = true;
                work.console.say("Ctrl-C again, or Ctrl-D, leaves");
            }
            Err(error) => return Err(unreadable(error)),
        }
    }
}

fn line(stdin: &mut StdinLock<'_>) -> Result<Option<String>, Failure> {
    let mut bytes = Vec::new();
    let read = stdin.take(LONGEST).read_until(b'\n', &mut bytes).map_err(unreadable)?;
    match read as u64 {
        0 => Ok(None),
        LONGEST => Err(unreadable(format!("a line is longer than {LONGEST} bytes"))),
        _ => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
    }
}

fn unreadable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    Failure::new(Code::Input, error).within("cannot read stdin")
}
