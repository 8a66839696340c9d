//! Signals of the system, and the terminal that the program runs in.

pub(crate) use self::system::{Terminal, drop_typed, watch};

/// A signal that asks the program to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt = 1,
    /// SIGTERM.
    #[cfg_attr(not(unix), allow(dead_code, reason = "it is a signal of Unix"))]
    Terminate = 2,
}

#[cfg(unix)]
mod system {
    use std::io::{self, IsTerminal, Write, stdin, stdout};
    use std::thread;

    use nix::sys::signal::{SigSet, Signal as Number};
    use nix::sys::termios::{FlushArg, SetArg, Termios, tcflush, tcgetattr, tcsetattr};

    use crate::signals::Signal;

    /// Sent to terminals that were told to mark what is pasted.
    const PASTE_UNMARKED: &[u8] = b"\x1b[?2004l\r\n";

    /// Calls `came` at each signal, in a thread of its own. Threads that begin before are interrupted by it as if
    /// nobody listened.
    pub(crate) fn watch(mut came: impl FnMut(Signal) + Send + 'static) -> io::Result<()> {
        let numbers: SigSet = [Number::SIGINT, Number::SIGTERM].into_iter().collect();
        numbers.thread_block()?;
        let listen = move || {
            while let Ok(number) = numbers.wait() {
                came(match number {
                    Number::SIGTERM => Signal::Terminate,
                    _ => Signal::Interrupt,
                });
            }
        };
        thread::Builder::new().name("signals".into()).spawn(listen).map(|_| ())
    }

    /// The settings of the terminal at stdin, as they were found.
    pub(crate) struct Terminal(Option<Termios>);

    impl Terminal {
        pub(crate) fn found() -> Self {
            Self(tcgetattr(stdin()).ok())
        }

        /// Undoes the settings of a line editor.
        pub(crate) fn restore(&self) {
            let Some(found) = &self.0 else { return };
            let _ = tcsetattr(stdin(), SetArg::TCSANOW, found);
            if stdout().is_terminal() {
                let _ = stdout().write_all(PASTE_UNMARKED).and_then(|()| stdout().flush());
            }
        }
    }

    /// Forgets what was typed at the terminal and is not read yet.
    pub(crate) fn drop_typed() {
        let _ = tcflush(stdin(), FlushArg::TCIFLUSH);
    }
}

#[cfg(not(unix))]
mod system {
    use crate::signals::Signal;

    pub(crate) fn watch(mut came: impl FnMut(Signal) + Send + 'static) -> Result<(), ctrlc::Error> {
        ctrlc::set_handler(move || came(Signal::Interrupt))
    }

    /// A console forgets by itself what a line editor sets.
    pub(crate) struct Terminal;

    impl Terminal {
        pub(crate) fn found() -> Self {
            Self
        }

        pub(crate) fn restore(&self) {}
    }

    pub(crate) fn drop_typed() {}
}
