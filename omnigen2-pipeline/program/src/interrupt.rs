//! Ctrl-C: the first stops at the next safe place, the second at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::console::Console;
use crate::failure::{Code, Failure};

/// Whether Ctrl-C was pressed.
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    pub(crate) fn listen(console: &Console) -> Result<Self, Failure> {
        let pressed = Arc::new(AtomicBool::new(false));
        let (seen, console) = (pressed.clone(), console.clone());
        let handler = move || match seen.swap(true, Ordering::Relaxed) {
            true => std::process::exit(Code::Interrupted as i32),
            false => console.say("stopping at the next safe place; Ctrl-C again stops at once"),
        };
        ctrlc::set_handler(handler)
            .map_err(|e| Failure::new(Code::Failed, e).within("cannot listen for Ctrl-C"))?;
        Ok(Self(pressed))
    }

    /// Fails once Ctrl-C was pressed.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.0.load(Ordering::Relaxed) {
            true => Err(Failure::new(Code::Interrupted, "interrupted; nothing was left half-written")),
            false => Ok(()),
        }
    }

    /// Whether Ctrl-C was pressed; from now on it was not.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }

    /// Waits for something that only ends by itself: Ctrl-C leaves at once.
    pub(crate) fn leave_during<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.0.store(true, Ordering::Relaxed);
        let came = wait();
        self.0.store(false, Ordering::Relaxed);
        came
    }
}
