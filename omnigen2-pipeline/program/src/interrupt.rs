//! The way out: the first Ctrl-C or SIGTERM stops at the next safe place, the second at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::console::Console;
use crate::failure::{Code, Failure};
use crate::signals::{Signal, Terminal, watch};

/// A wait for something that may never come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Wait {
    /// A line of a file or of another program. Any signal leaves at once.
    Line = 1,
    /// A line at a terminal, where Ctrl-C is a key. SIGTERM leaves at once.
    Prompt = 2,
}

/// The request to end, while there is none and once it came.
pub(crate) struct Interrupt(Arc<State>);

#[derive(Default)]
struct State {
    /// The gravest [`Signal`] that came; 0 is none.
    came: AtomicU8,
    /// The [`Wait`] that goes on; 0 is none.
    waits: AtomicU8,
}

impl Interrupt {
    pub(crate) fn listen(console: &Console) -> Result<Self, Failure> {
        let state = Arc::new(State::default());
        let (seen, console, terminal) = (state.clone(), console.clone(), Terminal::found());
        let came = move |signal| {
            if seen.ends_at_once(signal) {
                if seen.waits_for(Wait::Prompt) {
                    terminal.restore();
                }
                std::process::exit(code(signal) as i32);
            }
            console.say("stopping at the next safe place; Ctrl-C again stops at once");
        };
        watch(came).map_err(|e| Failure::new(Code::Failed, e).within("cannot listen for Ctrl-C"))?;
        Ok(Self(state))
    }

    /// Fails once the program was asked to end.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let ended = |code, how| Err(Failure::new(code, format!("{how}; nothing was left half-written")));
        match self.0.came.load(Ordering::SeqCst) {
            0 => Ok(()),
            came if came == Signal::Interrupt as u8 => ended(Code::Interrupted, "interrupted"),
            _ => ended(Code::Terminated, "terminated"),
        }
    }

    /// Takes a Ctrl-C back, and tells whether there was one. SIGTERM is not taken back.
    pub(crate) fn take(&self) -> bool {
        let pressed = Signal::Interrupt as u8;
        self.0.came.compare_exchange(pressed, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Waits for something that only ends by itself, unless the program was asked to end.
    pub(crate) fn leave_during<T>(&self, wait: Wait, come: impl FnOnce() -> T) -> Result<T, Failure> {
        self.0.waits.store(wait as u8, Ordering::SeqCst);
        if wait == Wait::Prompt {
            self.take();
        }
        let came = self.check().map(|()| come());
        self.0.waits.store(0, Ordering::SeqCst);
        came
    }
}

fn code(signal: Signal) -> Code {
    match signal {
        Signal::Interrupt => Code::Interrupted,
        Signal::Terminate => Code::Terminated,
    }
}

impl State {
    fn ends_at_once(&self, signal: Signal) -> bool {
        let again = self.came.fetch_max(signal as u8, Ordering::SeqCst) != 0;
        let at_prompt = signal == Signal::Terminate && self.waits_for(Wait::Prompt);
        again || at_prompt || self.waits_for(Wait::Line)
    }

    fn waits_for(&self, wait: Wait) -> bool {
        self.waits.load(Ordering::SeqCst) == wait as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interrupt() -> Interrupt {
        Interrupt(Arc::default())
    }

    fn ended(checked: Result<(), Failure>) -> Option<Code> {
        checked.err().map(|failure| failure.code())
    }

    #[test]
    fn the_first_signal_waits_for_a_safe_place_and_the_second_does_not() {
        for [first, second] in [
            [Signal::Interrupt, Signal::Interrupt],
            [Signal::Interrupt, Signal::Terminate],
            [Signal::Terminate, Signal::Interrupt],
        ] {
            let interrupt = interrupt();
            assert!(!interrupt.0.ends_at_once(first) && interrupt.check().is_err());
            assert!(interrupt.0.ends_at_once(second));
        }
    }

    #[test]
    fn ctrl_c_is_taken_back_and_sigterm_is_not() {
        let interrupt = interrupt();
        interrupt.0.ends_at_once(Signal::Interrupt);
        assert_eq!(ended(interrupt.check()), Some(Code::Interrupted));
        assert!(interrupt.take() && !interrupt.take());
        assert_eq!(ended(interrupt.check()), None);
        interrupt.0.ends_at_once(Signal::Terminate);
        assert!(!interrupt.take());
        assert_eq!(ended(interrupt.check()), Some(Code::Terminated));
        assert!(interrupt.leave_during(Wait::Prompt, || ()).is_err(), "nobody waits after SIGTERM");
    }

    #[test]
    fn at_a_prompt_ctrl_c_is_a_key() {
        for (wait, signal, ends) in [
            (Wait::Line, Signal::Interrupt, true),
            (Wait::Line, Signal::Terminate, true),
            (Wait::Prompt, Signal::Interrupt, false),
            (Wait::Prompt, Signal::Terminate, true),
        ] {
            let interrupt = interrupt();
            let ended = interrupt.leave_during(wait, || interrupt.0.ends_at_once(signal)).unwrap();
            assert_eq!(ended, ends, "{wait:?} {signal:?}");
        }
    }
}
