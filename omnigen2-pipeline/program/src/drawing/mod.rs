//! The common ground of the commands that draw.

mod args;
pub(crate) mod output;
pub(crate) mod references;
mod repeat;
mod request;

pub(crate) use self::args::{DrawingArgs, PromptArgs};
pub(crate) use self::references::Reference;
pub(crate) use self::repeat::{not_repeatable, repeatable};
pub(crate) use self::request::{by_chance, check, check_count, check_references};
