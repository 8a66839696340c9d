//! Enough of Rust's grammar to tell code from comments and texts.

/// A source file, line by line.
pub(crate) struct Source {
    pub(crate) lines: Vec<Line>,
}

/// What stands on a line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// The code, literals emptied.
    pub(crate) code: String,
    /// The comment, its slashes included.
    pub(crate) comment: String,
}

impl Source {
    pub(crate) fn parse(text: &str) -> Self {
        let mut scanner = Scanner { state: State::Code };
        Self { lines: text.lines().map(|line| scanner.line(line)).collect() }
    }

    /// The lines before the tests, which stand at the end.
    pub(crate) fn shipped(&self) -> &[Line] {
        let tests =
            |lines: &[Line]| lines[0].is_for_tests() && lines[1].module().is_some_and(|m| m.ends_with('{'));
        let end = self.lines.windows(2).position(tests).unwrap_or(self.lines.len());
        &self.lines[..end]
    }

    /// Names of the modules in other files that are declared for tests alone.
    pub(crate) fn test_modules(&self) -> impl Iterator<Item = &str> {
        let declared = |lines: &'_ [Line]| lines[0].is_for_tests();
        self.lines
            .windows(2)
            .filter(move |lines| declared(lines))
            .filter_map(|lines| lines[1].module()?.strip_suffix(';'))
    }
}

impl Line {
    /// Whether `word` is in the code and does not continue a longer name.
    pub(crate) fn mentions(&self, word: &str) -> bool {
        let continues = |at: usize| word.starts_with(is_name) && self.code[..at].ends_with(is_name);
        self.code.match_indices(word).any(|(at, _)| !continues(at))
    }

    pub(crate) fn indent(&self) -> usize {
        self.code.len() - self.code.trim_start().len()
    }

    fn is_for_tests(&self) -> bool {
        self.code.trim() == "#[cfg(test)]"
    }

    fn module(&self) -> Option<&str> {
        let code = self.code.trim();
        let code = code.strip_prefix("pub(crate) ").unwrap_or(code);
        code.strip_prefix("mod ")
    }
}

/// Whether a character can be part of a name.
pub(crate) fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[derive(Clone, Copy)]
enum State {
    Code,
    Comment { depth: usize },
    Text,
    RawText { hashes: usize },
}

struct Scanner {
    state: State,
}

impl Scanner {
    fn line(&mut self, mut rest: &str) -> Line {
        let mut line = Line::default();
        while let Some(first) = rest.chars().next() {
            let taken = match self.state {
                State::Code => self.code(rest, &mut line),
                State::Comment { depth } => self.comment(rest, depth, &mut line),
                State::Text if first == '\\' => rest.chars().take(2).map(char::len_utf8).sum(),
                State::Text => self.text(rest, "\"", &mut line),
                State::RawText { hashes } => self.text(rest, &format!("\"{}", "#".repeat(hashes)), &mut line),
            };
            rest = &rest[taken..];
        }
        line
    }

    fn code(&mut self, rest: &str, line: &mut Line) -> usize {
        if rest.starts_with("//") {
            line.comment.push_str(rest);
            return rest.len();
        }
        if rest.starts_with("/*") {
            self.state = State::Comment { depth: 1 };
            return 2;
        }
        if rest.starts_with('"') {
            self.state = raw_hashes(&line.code).map_or(State::Text, |hashes| State::RawText { hashes });
        }
        let taken = if rest.starts_with('\'') { character(rest) } else { first_len(rest) };
        line.code.push_str(&rest[..first_len(rest)]);
        taken
    }

    fn comment(&mut self, rest: &str, depth: usize, line: &mut Line) -> usize {
        let (depth, taken) = match rest.get(..2) {
            Some("/*") => (depth + 1, 2),
            Some("*/") => (depth - 1, 2),
            _ => (depth, first_len(rest)),
        };
        line.comment.push_str(&rest[..taken]);
        self.state = if depth == 0 { State::Code } else { State::Comment { depth } };
        taken
    }

    fn text(&mut self, rest: &str, end: &str, line: &mut Line) -> usize {
        if !rest.starts_with(end) {
            return first_len(rest);
        }
        self.state = State::Code;
        line.code.push('"');
        end.len()
    }
}

fn first_len(rest: &str) -> usize {
    rest.chars().next().map_or(0, char::len_utf8)
}

/// The number of hashes if a text that begins after `code` is raw.
fn raw_hashes(code: &str) -> Option<usize> {
    let start = code.trim_end_matches('#');
    let prefix = start.rsplit(|letter| !is_name(letter)).next();
    matches!(prefix, Some("r" | "br" | "cr")).then(|| code.len() - start.len())
}

/// The length of the character literal at the start of `rest`, or of the quote if it opens a lifetime.
fn character(rest: &str) -> usize {
    let mut letters = rest.char_indices().skip(1);
    let escaped = matches!(letters.next(), Some((_, '\\')));
    let mut after = letters.skip(usize::from(escaped));
    let end = if escaped { after.find(|&(_, letter)| letter == '\'') } else { after.next() };
    end.filter(|&(_, letter)| letter == '\'').map_or(1, |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Vec<String> {
        Source::parse(text).lines.into_iter().map(|line| line.code).collect()
    }

    #[test]
    fn texts_are_emptied() {
        assert_eq!(code(r#"f("a // b \" c", 1) // d"#), [r#"f("", 1) "#]);
        assert_eq!(
            code("a(r#\"one \" two\nthree\"#); b"),
            ["a(r#\"", "\"; b"].map(|s| s.replace("\"; b", "\"); b"))
        );
        assert_eq!(code("let s = \"one\n two\"; x"), ["let s = \"", "\"; x"]);
    }

    #[test]
    fn characters_are_not_texts_nor_lifetimes() {
        assert_eq!(code(r#"['"', '\'', '\\', 'é', '\u{7f}', b'"'] x"#), ["[', ', ', ', ', b'] x"]);
        assert_eq!(
            code("fn f<'a>(x: &'a str) -> &'static str {"),
            ["fn f<'a>(x: &'a str) -> &'static str {"]
        );
    }

    #[test]
    fn comments_nest() {
        let source = Source::parse("a /* b /* c */ d\n e */ f // g");
        assert_eq!(source.lines[0].code, "a ");
        assert_eq!(source.lines[1].code, " f ");
        assert_eq!(source.lines[1].comment, " e */// g");
    }

    #[test]
    fn tests_are_not_shipped() {
        let source = Source::parse("#[cfg(test)]\nuse a;\nfn b() {}\n#[cfg(test)]\nmod tests {\n}\n");
        assert_eq!(source.shipped().len(), 3);
        assert_eq!(Source::parse("fn b() {}\n#[cfg(test)]\nmod tests;\nfn c() {}").shipped().len(), 4);
    }

    #[test]
    fn a_mention_is_a_whole_name() {
        let line = |code: &str| Line { code: code.into(), ..Line::default() };
        assert!(line("std::panic!(x)").mentions("panic!("));
        assert!(!line("dont_panic!(x)").mentions("panic!("));
        assert!(line("x.unwrap()").mentions(".unwrap()"));
    }
}
