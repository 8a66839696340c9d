//! Rules on documentation.

use super::file::File;
use super::rust::Line;
use super::{Finding, Repository};

/// Words that lean on a neighbour or ask a question: a first line that begins with one does not stand alone.
const LEANS: [&str; 24] = [
    "Also", "And", "As", "But", "How", "It", "Its", "Likewise", "Nothing", "Of", "Or", "So", "Such", "That",
    "The same", "Their", "They", "Those", "What", "When", "Where", "Whether", "Which", "Why",
];

/// The first line of what documents a public item is read alone, where a pointer hovers over the item's name.
pub(super) fn first_lines(repository: &Repository) -> Vec<Finding> {
    let shipped =
        repository.rust_files().filter(|file| file.path.contains("/src/") && !repository.is_test(file));
    shipped.flat_map(file_first_lines).collect()
}

fn file_first_lines(file: &File) -> Vec<Finding> {
    let lines = file.source.shipped();
    let is_doc = |line: &Line| line.comment.starts_with("///") && line.code.trim().is_empty();
    let first = |at: &usize| is_doc(&lines[*at]) && (*at == 0 || !is_doc(&lines[at - 1]));
    let public = |at: &usize| {
        let item = lines[*at..]
            .iter()
            .find(|line| !line.comment.starts_with("///") && !line.code.trim_start().starts_with('#'));
        item.is_some_and(|line| line.code.trim_start().starts_with("pub "))
    };
    let lean = |at: usize| {
        let text = lines[at].comment.trim_start_matches('/').trim_start();
        let begins = |word: &&str| {
            text.strip_prefix(*word).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        };
        Some((at + 1, LEANS.into_iter().find(begins)?))
    };
    let found = (0..lines.len()).filter(first).filter(public).filter_map(lean);
    let remedy = "Begin with a verb or a noun phrase of its own: \"Returns …\", \"The number of …\".";
    found
        .map(|(line, word)| {
            file.finding(line, format!("the first line of this document begins with `{word}`"), remedy)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_stands_alone_where_the_item_is_public() {
        let text = "/// What it is.\n/// As long as it is.\npub struct A;\n/// The whole.\n/// What follows.\npub fn b() {}\n/// How to.\nfn c() {}\n\
            /// Its own.\n#[derive(Debug)]\npub(crate) struct D;\n/// Whatever it is.\npub struct E;\n";
        let found = file_first_lines(&File::new("a/src/b.rs", text));
        let places: Vec<&str> = found.iter().map(|finding| finding.place.as_str()).collect();
        assert_eq!(places, ["a/src/b.rs:1"]);
    }
}
