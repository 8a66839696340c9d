use std::fmt::{self, Write};

/// Characters of a name that a message shows.
const SHOWN: usize = 200;

/// A name as a message shows it: of a long one the beginning and the end, and control characters escaped.
#[derive(Clone, Copy, Debug)]
pub struct Short<'a>(&'a str);

/// Shortens a name for a message.
///
/// ```
/// use omnigen2_files::short;
///
/// assert_eq!(short("layers.0.weight").to_string(), "layers.0.weight");
/// assert!(short(&"x".repeat(1 << 20)).to_string().ends_with("x (1048576 bytes)"));
/// ```
pub fn short(name: &str) -> Short<'_> {
    Short(name)
}

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name) = *self;
        if name.chars().nth(SHOWN).is_none() {
            return plain(name, f);
        }
        let first = name.char_indices().nth(SHOWN / 2).map_or(name.len(), |(at, _)| at);
        let last = name.char_indices().rev().nth(SHOWN / 2 - 1).map_or(0, |(at, _)| at);
        plain(&name[..first], f)?;
        f.write_str("…")?;
        plain(&name[last..], f)?;
        write!(f, " ({} bytes)", name.len())
    }
}

fn plain(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    text.chars()
        .try_for_each(|c| if c.is_control() { write!(f, "{}", c.escape_default()) } else { f.write_char(c) })
}
