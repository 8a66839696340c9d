//! Stops a program, or a thread of a test, at a chosen change of the file system.
//!
//! Without the feature `faults` nothing ever stops. With it, `stopping_at` makes a change and all that follow it on
//! the thread fail, which leaves the disk as a killed program would; and a program whose environment has
//! `OMNIGEN2_FAULT_AT=rename:3` (or `create`, `write`, `remove`, `any`) is aborted at its third rename. A write that
//! is stopped at leaves half of its bytes.

use std::io;

/// A kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A file or folder appears.
    Create,
    /// Bytes enter a file.
    Write,
    /// A file or folder takes a name.
    Rename,
    /// A file or folder goes away.
    Remove,
}

/// An end that was reached.
#[cfg_attr(not(feature = "faults"), allow(dead_code, reason = "nothing stops without the feature"))]
pub(super) enum Stop {
    /// The end of the thread's work.
    Thread,
    /// The end of the program.
    Program,
}

impl Stop {
    /// Ends the program, or gives the error that ends the thread's work.
    pub(super) fn end(self) -> io::Error {
        match self {
            Self::Thread => io::Error::other("stopped by a test"),
            Self::Program => std::process::abort(),
        }
    }
}

/// Ends here, if a test wants it so.
pub(super) fn pass(change: Change) -> io::Result<()> {
    stop(change).map_or(Ok(()), |stop| Err(stop.end()))
}

#[cfg(not(feature = "faults"))]
pub(super) fn stop(_: Change) -> Option<Stop> {
    None
}

#[cfg(feature = "faults")]
pub(super) use armed::stop;
#[cfg(feature = "faults")]
pub use armed::stopping_at;

#[cfg(feature = "faults")]
mod armed {
    use std::cell::Cell;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{Change, Stop};

    thread_local! {
        /// Changes until the end.
        static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    }

    /// Does some work on this thread whose file changes fail from the one of a number (from 0) on, and gives its result
    /// if it did not come so far.
    pub fn stopping_at<T>(change: usize, work: impl FnOnce() -> T) -> Option<T> {
        LEFT.set(Some(change + 1));
        let result = work();
        let left = LEFT.take();
        if left == Some(0) { None } else { Some(result) }
    }

    pub(crate) fn stop(change: Change) -> Option<Stop> {
        match LEFT.get() {
            Some(0 | 1) => {
                LEFT.set(Some(0));
                Some(Stop::Thread)
            }
            Some(left) => {
                LEFT.set(Some(left - 1));
                None
            }
            None => PROGRAM.as_ref().filter(|fault| fault.is_due(change)).map(|_| Stop::Program),
        }
    }

    struct Fault {
        /// `None` for any.
        change: Option<Change>,
        left: AtomicUsize,
    }

    static PROGRAM: LazyLock<Option<Fault>> = LazyLock::new(|| {
        let text = std::env::var("OMNIGEN2_FAULT_AT").ok()?;
        let (change, number) = text.split_once(':')?;
        let change = match change {
            "create" => Some(Change::Create),
            "write" => Some(Change::Write),
            "rename" => Some(Change::Rename),
            "remove" => Some(Change::Remove),
            _ => None,
        };
        Some(Fault { change, left: AtomicUsize::new(number.parse().ok()?) })
    });

    impl Fault {
        fn is_due(&self, change: Change) -> bool {
            self.change.is_none_or(|wanted| wanted == change)
                && self.left.fetch_sub(1, Ordering::Relaxed) == 1
        }
    }
}
