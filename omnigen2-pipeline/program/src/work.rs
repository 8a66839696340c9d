//! Long work, with the console that it reports to and the signal that stops it.

use omnigen2_pipeline::pixels::RgbImage;
use omnigen2_pipeline::{Generation, Reply, Step, Turn};

use crate::console::Console;
use crate::failure::Failure;
use crate::interrupt::Interrupt;

#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    pub(crate) console: &'a Console,
    pub(crate) interrupt: &'a Interrupt,
}

impl Work<'_> {
    /// Work whose length is not known, behind a spinner.
    pub(crate) fn wait<T>(
        self,
        message: &str,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let spinner = self.console.spinner(message);
        let outcome = work();
        spinner.finish_and_clear();
        let done = outcome?;
        self.interrupt.check()?;
        Ok(done)
    }

    /// The pictures of a generation, and `each` of its steps as it is done.
    pub(crate) fn draw(
        self,
        mut generation: Generation<'_>,
        each: impl FnMut(&mut Generation<'_>, Step) -> Result<(), Failure>,
    ) -> Result<Vec<RgbImage>, Failure> {
        let bar = self.console.steps(generation.total_steps()).with_message("drawing");
        let stepped = self.step(&mut generation, |step| bar.set_position(step.index as u64), each);
        bar.finish_and_clear();
        stepped?;
        self.wait("decoding", || Ok(generation.finish()?))
    }

    /// The turn that a reply becomes, of which `piece` sees the text as it comes. Ctrl-C ends the reply early.
    pub(crate) fn speak<'r>(
        self,
        start: impl FnOnce() -> Result<Reply<'r>, Failure>,
        mut piece: impl FnMut(&str) -> Result<(), Failure>,
    ) -> Result<Turn, Failure> {
        let Begun { mut reply, first } = self.wait("loading, and reading", || {
            let mut reply = start()?;
            Ok(Begun { first: reply.next().transpose()?, reply })
        })?;
        let mut next = first;
        while let Some(text) = next {
            piece(&text)?;
            if self.interrupt.check().is_err() {
                return Ok(reply.stop()?);
            }
            next = reply.next().transpose()?;
        }
        Ok(reply.finish()?)
    }

    fn step(
        self,
        generation: &mut Generation<'_>,
        seen: impl Fn(Step),
        mut each: impl FnMut(&mut Generation<'_>, Step) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        while let Some(step) = generation.next().transpose()? {
            seen(step);
            self.interrupt.check()?;
            each(generation, step)?;
        }
        Ok(())
    }
}

/// A reply and its first piece.
struct Begun<'r> {
    reply: Reply<'r>,
    first: Option<String>,
}
