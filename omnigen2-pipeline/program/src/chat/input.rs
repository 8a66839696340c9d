use std::io::{self, BufRead, ErrorKind, IsTerminal, Read, StdinLock};

use rustyline::error::ReadlineError;
use rustyline::{Config, DefaultEditor};

use super::format::Format;
use crate::failure::{Code, Failure};
use crate::interrupt::Wait;
use crate::signals::drop_typed;
use crate::work::Work;

const PROMPT: &str = "> ";
/// Bytes of a line, without its end.
const LONGEST: u64 = 1 << 24;

/// A source of lines.
pub(super) enum Input {
    /// Someone at a terminal, with line editing and a history.
    Terminal(Box<DefaultEditor>),
    /// A file or another program.
    Lines(StdinLock<'static>),
}

/// The outcome of waiting for a line.
#[derive(Debug)]
pub(super) enum Line {
    Said(String),
    /// It is no text; the ones after it may be.
    Refused(Failure),
    Over,
}

impl Input {
    pub(super) fn open(format: Format) -> Result<Self, Failure> {
        let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        if terminal && format == Format::Text {
            let config = Config::builder().auto_add_history(true).build();
            Ok(Self::Terminal(Box::new(DefaultEditor::with_config(config).map_err(unreadable)?)))
        } else {
            Ok(Self::Lines(io::stdin().lock()))
        }
    }

    pub(super) fn next(&mut self, work: Work<'_>) -> Result<Line, Failure> {
        match self {
            Self::Terminal(editor) => edited(editor, work),
            Self::Lines(stdin) => work.interrupt.leave_during(Wait::Line, || line(stdin))?,
        }
    }
}

/// Ctrl-C clears the line; twice in a row it leaves.
fn edited(editor: &mut DefaultEditor, work: Work<'_>) -> Result<Line, Failure> {
    let mut cleared = false;
    loop {
        match work.interrupt.leave_during(Wait::Prompt, || editor.readline(PROMPT))? {
            Ok(line) => return Ok(Line::Said(line)),
            Err(ReadlineError::Eof) => return Ok(Line::Over),
            Err(ReadlineError::Interrupted) if cleared => return Ok(Line::Over),
            Err(ReadlineError::Interrupted) => {
                cleared = true;
                work.console.say("Ctrl-C again, or Ctrl-D, leaves");
            }
            Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                drop_typed();
                return Ok(refused("what was typed is not UTF-8, and was forgotten; type it again"));
            }
            Err(error) => return Err(unreadable(error)),
        }
    }
}

fn line(stdin: &mut impl BufRead) -> Result<Line, Failure> {
    let mut bytes = Vec::new();
    stdin.take(LONGEST + 1).read_until(b'\n', &mut bytes).map_err(unreadable)?;
    if bytes.is_empty() {
        return Ok(Line::Over);
    }
    if bytes.pop_if(|last| *last == b'\n').is_none() && bytes.len() as u64 > LONGEST {
        stdin.skip_until(b'\n').map_err(unreadable)?;
        return Ok(refused(format!("a line is longer than {LONGEST} bytes, and was not taken")));
    }
    Ok(match String::from_utf8(bytes) {
        Ok(line) => Line::Said(line),
        Err(error) => {
            let place = error.utf8_error().valid_up_to() + 1;
            refused(format!("a line is not UTF-8 from its byte {place} on, and was not taken"))
        }
    })
}

fn refused(message: impl Into<String>) -> Line {
    Line::Refused(Failure::new(Code::Request, message.into()))
}

fn unreadable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    Failure::new(Code::Input, error).within("cannot read stdin")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lengths of lines, or why there is none.
    fn read(mut bytes: &[u8]) -> Vec<Result<usize, String>> {
        let mut lines = Vec::new();
        loop {
            match line(&mut bytes).unwrap() {
                Line::Said(line) => lines.push(Ok(line.len())),
                Line::Refused(failure) => lines.push(Err(failure.lines().join(" "))),
                Line::Over => return lines,
            }
        }
    }

    #[test]
    fn what_is_no_text_is_refused_and_the_lines_after_it_are_read() {
        assert_eq!(read(b""), []);
        assert_eq!(read(b"\nhello\n\nyou"), [Ok(0), Ok(5), Ok(0), Ok(3)]);
        let lines = read(b"a \xFF b\nhello\n");
        assert!(matches!(&lines[..], [Err(why), Ok(5)] if why.contains("byte 3")), "{lines:?}");
    }

    #[test]
    fn a_line_may_be_as_long_as_it_says() {
        let long = |length: u64| vec![b'a'; length as usize];
        let longest = read(&[long(LONGEST), b"\nhello".to_vec()].concat());
        assert_eq!(longest, [Ok(LONGEST as usize), Ok(5)]);
        assert_eq!(read(&long(LONGEST)), [Ok(LONGEST as usize)]);
        for longer in [LONGEST + 1, LONGEST + 2] {
            let lines = read(&[long(longer), b"\nhello".to_vec()].concat());
            assert!(matches!(&lines[..], [Err(why), Ok(5)] if why.contains("longer")), "{}", lines.len());
        }
    }
}
