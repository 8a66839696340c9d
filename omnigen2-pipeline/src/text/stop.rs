//! Strings at which a reply ends.

/// The outcome of a piece of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// Text that may be shown; the reply goes on.
    Text(String),
    /// The text before the stop string that was found; the reply is over.
    Stopped(String),
}

/// Looks for stop strings in a reply that arrives in pieces, however it is cut.
///
/// The reply ends as soon as one stop string is complete; of several that end at the same place the longest counts.
/// Text that may be the beginning of a stop string is held back, and nothing else is.
///
/// ```
/// use omnigen2_pipeline::text::{Scanned, StopStrings};
///
/// let mut stops = StopStrings::new(["###".to_string()]);
/// assert_eq!(stops.push("a # fox #"), Scanned::Text("a # fox ".to_string()));
/// assert_eq!(stops.push("#!#"), Scanned::Text("##!".to_string()));
/// assert_eq!(stops.push("## and"), Scanned::Stopped(String::new()));
/// ```
#[derive(Clone, Debug, Default)]
pub struct StopStrings {
    stops: Vec<Stop>,
    held: String,
}

impl StopStrings {
    /// Looks for these strings, of which empty ones are ignored.
    pub fn new(stops: impl IntoIterator<Item = String>) -> Self {
        let stops = stops.into_iter().filter(|stop| !stop.is_empty()).map(Stop::new).collect();
        Self { stops, held: String::new() }
    }

    /// Takes the next piece of the reply.
    ///
    /// Once the reply is over, this gives `Stopped` with no text.
    pub fn push(&mut self, piece: &str) -> Scanned {
        if self.found().is_some() {
            return Scanned::Stopped(String::new());
        }
        let mut text = std::mem::take(&mut self.held);
        let held = text.len();
        text += piece;
        for end in held..text.len() {
            let byte = text.as_bytes()[end];
            self.stops.iter_mut().for_each(|stop| stop.advance(byte));
            if let Some(length) = self.found() {
                text.truncate(end + 1 - length);
                return Scanned::Stopped(text);
            }
        }
        let begun = self.stops.iter().map(|stop| stop.matched).max().unwrap_or(0);
        self.held = text.split_off(text.len() - begun);
        Scanned::Text(text)
    }

    /// Returns the text that was held back, once the reply ended without a stop string.
    pub fn finish(self) -> String {
        self.held
    }

    fn found(&self) -> Option<usize> {
        self.stops.iter().filter(|stop| stop.is_complete()).map(|stop| stop.bytes.len()).max()
    }
}

/// A stop string and how much of it the text ends with, after Knuth, Morris and Pratt.
#[derive(Clone, Debug)]
struct Stop {
    bytes: Vec<u8>,
    /// For each beginning of the string, the length of the longest shorter beginning that it ends with.
    borders: Vec<usize>,
    matched: usize,
}

impl Stop {
    fn new(text: String) -> Self {
        let mut stop = Self { bytes: text.into_bytes(), borders: vec![0], matched: 0 };
        for i in 1..stop.bytes.len() {
            stop.advance(stop.bytes[i]);
            stop.borders.push(stop.matched);
        }
        stop.matched = 0;
        stop
    }

    fn advance(&mut self, byte: u8) {
        while self.matched > 0 && self.bytes[self.matched] != byte {
            self.matched = self.borders[self.matched - 1];
        }
        self.matched += usize::from(self.bytes[self.matched] == byte);
    }

    fn is_complete(&self) -> bool {
        self.matched == self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Reply {
        shown: String,
        stopped: bool,
    }

    fn scan(stops: &[String], pieces: &[String]) -> Reply {
        let mut scanner = StopStrings::new(stops.to_vec());
        let mut shown = String::new();
        for piece in pieces {
            match scanner.push(piece) {
                Scanned::Text(text) => shown += &text,
                Scanned::Stopped(text) => return Reply { shown: shown + &text, stopped: true },
            }
        }
        Reply { shown: shown + &scanner.finish(), stopped: false }
    }

    fn model(stops: &[String], text: &str) -> Reply {
        for end in text.char_indices().map(|(i, c)| i + c.len_utf8()) {
            let ends = |stop: &&String| !stop.is_empty() && text[..end].ends_with(stop.as_str());
            if let Some(length) = stops.iter().filter(ends).map(String::len).max() {
                return Reply { shown: text[..end - length].to_string(), stopped: true };
            }
        }
        Reply { shown: text.to_string(), stopped: false }
    }

    fn held_back(stops: &[String], text: &str) -> usize {
        let begins = |start: &usize| {
            stops.iter().any(|stop| stop.len() > text.len() - start && stop.starts_with(&text[*start..]))
        };
        let first = text.char_indices().map(|(i, _)| i).find(begins);
        first.map_or(0, |start| text.len() - start)
    }

    fn strings(strings: &[&str]) -> Vec<String> {
        strings.iter().map(|&string| string.to_string()).collect()
    }

    #[test]
    fn the_end_of_the_scan_gives_what_was_held_back() {
        let mut stops = StopStrings::new(strings(&["<|end|>", ""]));
        assert_eq!(stops.push("fox <|en"), Scanned::Text("fox ".to_string()));
        assert_eq!(stops.finish(), "<|en");
    }

    #[test]
    fn without_stop_strings_all_text_passes() {
        let mut stops = StopStrings::new(strings(&[""]));
        assert_eq!(stops.push("fox"), Scanned::Text("fox".to_string()));
        assert_eq!(stops.push(""), Scanned::Text(String::new()));
        assert_eq!(stops.finish(), "");
    }

    #[test]
    fn nothing_is_shown_after_a_stop_string() {
        let mut stops = StopStrings::new(strings(&["."]));
        assert_eq!(stops.push("fox. cat"), Scanned::Stopped("fox".to_string()));
        assert_eq!(stops.push("dog"), Scanned::Stopped(String::new()));
        assert_eq!(stops.finish(), "");
    }

    #[test]
    fn the_stop_string_complete_first_counts_and_of_those_the_longest() {
        assert_eq!(scan(&strings(&["abcd", "bc"]), &strings(&["xabcd"])).shown, "xa");
        assert_eq!(scan(&strings(&["bc", "abc"]), &strings(&["xa", "bc"])).shown, "x");
    }

    #[test]
    fn characters_that_begin_with_the_same_bytes_are_told_apart() {
        let mut stops = StopStrings::new(strings(&["狐狐"]));
        assert_eq!(stops.push("狐狗"), Scanned::Text("狐狗".to_string()));
        assert_eq!(stops.push("狗狐"), Scanned::Text("狗".to_string()));
        assert_eq!(stops.push("狐"), Scanned::Stopped(String::new()));
    }

    proptest! {
        #[test]
        fn any_split_gives_what_the_whole_text_gives(
            stops in prop::collection::vec("[ab狐狗]{0,4}", 0..4),
            pieces in prop::collection::vec("[ab狐狗]{0,5}", 0..10),
        ) {
            prop_assert_eq!(scan(&stops, &pieces), model(&stops, &pieces.concat()));
        }

        #[test]
        fn only_the_beginning_of_a_stop_string_is_held_back(
            stops in prop::collection::vec("[ab狐狗]{3,6}", 0..4),
            pieces in prop::collection::vec("[ab狐狗]{0,3}", 0..10),
        ) {
            let mut scanner = StopStrings::new(stops.clone());
            let (mut seen, mut shown) = (String::new(), String::new());
            for piece in &pieces {
                seen += piece;
                let Scanned::Text(text) = scanner.push(piece) else { break };
                shown += &text;
                prop_assert_eq!(&shown, &seen[..seen.len() - held_back(&stops, &seen)]);
            }
        }
    }
}
