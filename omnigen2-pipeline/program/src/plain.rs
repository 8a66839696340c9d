//! Texts of files, servers and networks as a terminal can take them.

/// Characters of a message that are printed from its beginning.
const LONGEST_HEAD: usize = 1200;
/// Characters of a message that are printed from its end.
const LONGEST_TAIL: usize = 400;

/// A text of a file, a server or a network, with the characters that would steer a terminal spelt out.
pub(crate) fn tame(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut tamed, c| {
        if c.is_control() && c != '\n' && c != '\t' {
            tamed.extend(c.escape_default());
        } else {
            tamed.push(c);
        }
        tamed
    })
}

/// A message without its middle, where it is endless: a file can name a tensor or a path by megabytes.
pub(crate) fn shortened(message: String) -> String {
    let length = message.chars().count();
    if length <= LONGEST_HEAD + LONGEST_TAIL {
        return message;
    }
    let head: String = message.chars().take(LONGEST_HEAD).collect();
    let tail: String = message.chars().skip(length - LONGEST_TAIL).collect();
    format!("{head}… ({} characters) …{tail}", length - LONGEST_HEAD - LONGEST_TAIL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal() {
        assert_eq!(tame("a\tfox\n狐"), "a\tfox\n狐");
        assert_eq!(tame("\x1b[2J\x07\r\u{9b}31m\x7f"), "\\u{1b}[2J\\u{7}\\r\\u{9b}31m\\u{7f}");
    }

    #[test]
    fn a_message_keeps_its_ends() {
        let long = format!("cannot read {}; check the path", "é".repeat(1 << 20));
        let short = shortened(long.clone());
        assert!(short.starts_with("cannot read éé") && short.ends_with("éé; check the path"), "{short}");
        let left_out = long.chars().count() - LONGEST_HEAD - LONGEST_TAIL;
        assert!(short.contains(&format!("… ({left_out} characters) …")), "{short}");
        let fits = "é".repeat(LONGEST_HEAD + LONGEST_TAIL);
        assert_eq!(shortened(fits.clone()), fits);
    }
}
