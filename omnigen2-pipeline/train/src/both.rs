//! Examples of the shapes world and of a file together.

use super::error::Result;
use super::example::Example;
use super::files::Passes;
use super::random::{Generator, Purpose};
use super::world::Endless;

/// Examples of which each comes from the world or from a file, as a seed and its place decide.
#[derive(Debug)]
pub(crate) struct Both {
    seed: u64,
    world: Endless,
    file: Passes,
    share: f64,
    next: u64,
}

impl Both {
    /// A `share` of the examples comes from the file.
    pub(crate) fn new(seed: u64, world: Endless, file: Passes, share: f64) -> Self {
        Self { seed, world, file, share, next: 0 }
    }

    /// Whether the example at the next place comes from the file.
    fn advance(&mut self) -> bool {
        let place = Generator::new(self.seed, Purpose::Source, self.next).uniform();
        self.next += 1;
        place < self.share
    }
}

impl Iterator for Both {
    type Item = Result<Example>;

    fn next(&mut self) -> Option<Self::Item> {
        self.nth(0)
    }

    /// Makes and opens nothing of what is skipped.
    fn nth(&mut self, skipped: usize) -> Option<Self::Item> {
        let from_file = (0..skipped).filter(|_| self.advance()).count();
        if self.advance() {
            self.world.skip_over(skipped - from_file);
            self.file.nth(from_file)
        } else {
            self.file.skip_over(from_file);
            self.world.nth(skipped - from_file).map(Ok)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{Mixture, files};

    #[test]
    fn skipping_is_reading_without_looking() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("said.jsonl");
        let line = |i: u32| format!("{{\"instruction\": \"{i}\", \"output_text\": \"file\"}}\n");
        fs::write(&path, (0..5).map(line).collect::<String>()).unwrap();
        let both = || {
            let world = Mixture { talk: 1.0, ..Mixture::default() }.examples(3);
            Both::new(3, world, files::open(&path, 3).unwrap(), 0.3)
        };
        let said = |examples: &mut dyn Iterator<Item = Result<Example>>| -> Vec<String> {
            examples.map(|example| format!("{:?}", example.unwrap())).collect()
        };
        let all = said(&mut both().take(60));
        let from_file = all.iter().filter(|text| text.contains("\"file\"")).count();
        assert!((8..30).contains(&from_file), "{from_file}");
        for skipped in [1, 2, 7, 23] {
            assert_eq!(said(&mut both().skip(skipped).take(9)), all[skipped..skipped + 9]);
        }
    }
}
