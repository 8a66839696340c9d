//! What a critic says about a picture.

mod words;

use serde::{Deserialize, Serialize};

use self::words::{content_words, overlap};

/// Stands where the answer names a part of the instruction.
pub(crate) const UNMET_HINT: &str = "words of the instruction that the picture fails to show";
/// Stands where the answer says how to mend the picture.
pub(crate) const EDIT_HINT: &str = "one instruction that mends the picture";
/// The most unmet parts that are read from an answer.
const MOST_PARTS: usize = 8;
/// The most characters of a part that are read.
const LONGEST_PART: usize = 200;
/// The most characters of a mend that are read.
const LONGEST_MEND: usize = 500;
const NOTHING: [&str; 4] = ["none", "nothing", "n/a", "no"];
/// Characters that set an explanation off from the word before it.
const EXPLAINS: [char; 8] = ['.', ',', ';', ':', '!', '(', '–', '—'];
const QUOTES: [[char; 2]; 8] =
    [['"', '"'], ['\'', '\''], ['“', '”'], ['‘', '’'], ['«', '»'], ['「', '」'], ['<', '>'], ['(', ')']];

/// The findings of a critic.
///
/// A critic of one's own makes it from what it knows:
///
/// ```
/// use omnigen2_pipeline::Critique;
///
/// let good = Critique::met("The fox is red.").score(0.9);
/// assert!(good.satisfied());
///
/// let poor = Critique::unmet(["fresh snow"], "Cover the ground with snow.").score(0.2);
/// assert!(!poor.satisfied() && poor.score < good.score);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Critique {
    /// The critic's own words.
    pub text: String,
    /// The parts of the instruction that the picture does not show; satisfied if there are none.
    pub unmet: Vec<String>,
    /// The instruction by which the picture can be mended.
    pub mend: String,
    /// The worth of the picture: of several, the one with the highest score is kept.
    pub score: f64,
}

impl Critique {
    /// Says that the picture shows all that was asked for. The score is 0.
    pub fn met(text: impl Into<String>) -> Self {
        Self::new(text.into(), Vec::new(), String::new())
    }

    /// Says that the picture fails to show these parts of the instruction, and that an edit by `mend` would show them;
    /// an empty `mend` is worded from the parts. The score is one less for each part. No parts at all are [`Self::met`].
    ///
    /// ```
    /// use omnigen2_pipeline::Critique;
    ///
    /// let critique = Critique::unmet(["red fox", "fresh snow"], "");
    /// assert_eq!(critique.mend, "Change the picture so that it shows: red fox, fresh snow.");
    /// assert_eq!(critique.score, -2.0);
    /// ```
    pub fn unmet(parts: impl IntoIterator<Item = impl Into<String>>, mend: impl Into<String>) -> Self {
        let mut critique = Self::new(String::new(), parts.into_iter().map(Into::into).collect(), mend.into());
        critique.text = if critique.satisfied() { String::new() } else { critique.verdict() };
        critique
    }

    /// Reads the answer of a language model. Only lines `UNMET: …` and `EDIT: …` count, whatever else is around them
    /// or sets them off. An unmet part counts only if it shares a word with the instruction, since language models
    /// find fault with good pictures; a verdict in which nothing counts is satisfied.
    ///
    /// At most 8 parts of 200 characters each and a mend of 500 are read.
    ///
    /// ```
    /// use omnigen2_pipeline::Critique;
    ///
    /// let answer = "I looked closely.\n**UNMET:** the snow\nUNMET: better light\nEDIT: Cover the ground with snow.";
    /// let critique = Critique::parse(answer, "a red fox in fresh snow");
    /// assert_eq!(critique.unmet, ["the snow"]);
    /// assert_eq!(critique.mend, "Cover the ground with snow");
    /// assert!(Critique::parse("UNMET: none\nEDIT: none", "a red fox in fresh snow").satisfied());
    /// ```
    pub fn parse(text: &str, instruction: &str) -> Self {
        let instruction = content_words(instruction);
        let mut parts = Vec::new();
        let mut edits = Vec::new();
        for entry in text.split(['\n', '\r']).flat_map(verdicts).filter_map(entry) {
            match entry {
                Entry::Unmet(part) if overlap(&content_words(part), &instruction) => add(&mut parts, part),
                Entry::Unmet(_) => {}
                Entry::Edit(edit) => add(&mut edits, edit),
            }
        }
        let mend = cut(&edits.join(". "), LONGEST_MEND).to_owned();
        Self::new(text.to_owned(), parts, mend)
    }

    /// Returns the critique with another score.
    #[must_use]
    pub fn score(mut self, score: f64) -> Self {
        self.score = score;
        self
    }

    /// Tells that nothing of the instruction is unmet.
    pub fn satisfied(&self) -> bool {
        self.unmet.is_empty()
    }

    /// How to mend the picture, in words of the parts if there are no others.
    pub(crate) fn instruction(&self) -> String {
        match self.mend.trim() {
            "" => wish(&self.unmet),
            mend => mend.into(),
        }
    }

    fn new(text: String, unmet: Vec<String>, mend: String) -> Self {
        let mend = match unmet.as_slice() {
            [] => String::new(),
            parts if mend.is_empty() => wish(parts),
            _ => mend,
        };
        let score = 0.0 - unmet.len() as f64;
        Self { text, unmet, mend, score }
    }

    fn verdict(&self) -> String {
        let parts = self.unmet.iter().map(|part| format!("UNMET: {part}\n"));
        parts.chain([format!("EDIT: {}", self.mend)]).collect()
    }
}

fn wish(parts: &[String]) -> String {
    let wish = format!("Change the picture so that it shows: {}", parts.join(", "));
    format!("{}.", cut(&wish, LONGEST_MEND - 1))
}

fn add(texts: &mut Vec<String>, text: &str) {
    let known = texts.iter().any(|other| other.to_lowercase() == text.to_lowercase());
    if !known && texts.len() < MOST_PARTS {
        texts.push(text.to_owned());
    }
}

/// One line of a verdict that says something.
enum Entry<'a> {
    Unmet(&'a str),
    Edit(&'a str),
}

/// A line, or two where a whole verdict stands on one.
fn verdicts(line: &str) -> impl Iterator<Item = &str> {
    let lower = line.to_ascii_lowercase();
    let edit = lower.match_indices("edit:").map(|(at, _)| at);
    let mut edit = edit.filter(|at| !line[..*at].ends_with(char::is_alphanumeric));
    let border = value(line, "unmet").and_then(|_| edit.next()).unwrap_or(line.len());
    let (first, second) = line.split_at(border);
    [first, second].into_iter()
}

fn entry(line: &str) -> Option<Entry<'_>> {
    let part = value(line, "unmet").map(|part| Entry::Unmet(cut(bare(part), LONGEST_PART)));
    let entry =
        part.or_else(|| value(line, "edit").map(|edit| Entry::Edit(cut(bare(edit), LONGEST_MEND))))?;
    let (Entry::Unmet(text) | Entry::Edit(text)) = entry;
    (!says_nothing(text)).then_some(entry)
}

/// The text behind a name and a colon.
fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let line = line.trim_start_matches(|c: char| !c.is_alphabetic());
    let (head, rest) = line.split_at_checked(name.len())?;
    let rest = rest.trim_start_matches(|c| sets_off(c) || "\"'".contains(c)).strip_prefix([':', '：']);
    rest.filter(|_| head.eq_ignore_ascii_case(name))
}

/// The text without Markdown, bullets, quotation marks around all of it, and the period.
fn bare(text: &str) -> &str {
    let trimmed = text.trim_start_matches(sets_off).trim_end_matches(|c| sets_off(c) || ".,;。".contains(c));
    let inner = QUOTES.iter().find_map(|&[open, close]| {
        let inner = trimmed.strip_prefix(open)?.strip_suffix(close)?;
        (!inner.contains([open, close])).then_some(inner)
    });
    inner.map_or(trimmed, bare)
}

fn sets_off(c: char) -> bool {
    c.is_whitespace() || "*_`-–—•".contains(c)
}

/// `none`, alone or with an explanation, and the words of the question itself.
fn says_nothing(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut rests = NOTHING.iter().filter_map(|word| lower.strip_prefix(word)).map(str::trim_start);
    text.is_empty()
        || [UNMET_HINT, EDIT_HINT].contains(&text)
        || rests.any(|rest| rest.is_empty() || rest.starts_with(EXPLAINS) || rest.starts_with("- "))
}

fn cut(text: &str, most: usize) -> &str {
    let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
    text[..end].trim_end()
}

#[cfg(test)]
mod tests;
