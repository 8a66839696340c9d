//! Progress, notes and warnings on stderr, and results on stdout.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::failure::{Code, Failure};
pub(crate) use crate::plain::tame;

const TICK: Duration = Duration::from_millis(100);

/// Progress, notes and warnings, which do not write over each other.
#[derive(Clone)]
pub(crate) struct Console {
    bars: MultiProgress,
    quiet: bool,
}

impl Console {
    /// Also lets the library's warnings through, or what `RUST_LOG` asks for.
    pub(crate) fn start(quiet: bool) -> Self {
        let bars = MultiProgress::new();
        if quiet {
            bars.set_draw_target(ProgressDrawTarget::hidden());
        }
        let console = Self { bars, quiet };
        let filter = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).from_env_lossy();
        let writer = console.clone();
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_target(false)
            .without_time()
            .with_ansi(io::stderr().is_terminal())
            .with_writer(move || Above(writer.clone()))
            .init();
        console
    }

    /// A line above the progress.
    pub(crate) fn say(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            let _ = writeln!(Above(self.clone()), "{}", tame(&text.to_string()));
        }
    }

    /// For work whose length is not known.
    pub(crate) fn spinner(&self, message: &str) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new_spinner().with_message(message.to_owned()));
        bar.enable_steady_tick(TICK);
        bar
    }

    pub(crate) fn steps(&self, steps: usize) -> ProgressBar {
        self.bar(steps as u64, "{msg} [{bar:32}] {pos}/{len}  {elapsed} gone, {eta} left")
    }

    pub(crate) fn bytes(&self, bytes: u64) -> ProgressBar {
        self.bar(
            bytes,
            "{msg} [{bar:32}] {binary_bytes}/{binary_total_bytes}  {binary_bytes_per_sec}, {eta} left",
        )
    }

    fn bar(&self, length: u64, template: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = self.bars.add(ProgressBar::new(length).with_style(style.progress_chars("=> ")));
        bar.enable_steady_tick(TICK);
        bar
    }

    /// Leaves no progress behind.
    pub(crate) fn clear(&self) {
        let _ = self.bars.clear();
    }
}

/// Writes to stderr above the progress.
struct Above(Console);

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.bars.suspend(|| io::stderr().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Results, on stdout. Whoever reads them may stop reading.
pub(crate) fn print(text: impl std::fmt::Display) -> Result<(), Failure> {
    print_piece(&format!("{text}\n"))
}

/// A part of a line of results; a terminal gets it tame, whoever else reads it gets it as it is.
pub(crate) fn print_piece(text: &str) -> Result<(), Failure> {
    if io::stdout().is_terminal() { write(&tame(text)) } else { write(text) }
}

fn write(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Code::Output, error).within("cannot write to stdout"))
        }
        _ => Ok(()),
    }
}
