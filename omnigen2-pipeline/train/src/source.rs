//! The examples of a recipe.

use super::both::Both;
use super::error::Result;
use super::example::Example;
use super::files;
use super::recipe::{Examples, Recipe};
use super::world::Endless;

/// An iterator of examples from wherever they come.
pub type ExampleIterator = Box<dyn Iterator<Item = Result<Example>> + Send>;

/// Opens the examples of a recipe.
pub(crate) fn examples(recipe: &Recipe) -> Result<ExampleIterator> {
    match &recipe.examples {
        Examples::Shapes(mixture) => Ok(Box::new(World(mixture.examples(recipe.seed)))),
        Examples::File(path) => Ok(Box::new(files::open(path, recipe.seed)?)),
        Examples::Both { shapes, file, share } => {
            let file = files::open(file, recipe.seed)?;
            Ok(Box::new(Both::new(recipe.seed, shapes.examples(recipe.seed), file, *share)))
        }
    }
}

/// Examples of the shapes world as results. Unlike [`Iterator::map`], it makes nothing of what is skipped.
struct World(Endless);

impl Iterator for World {
    type Item = Result<Example>;

    fn next(&mut self) -> Option<Self::Item> {
        self.nth(0)
    }

    fn nth(&mut self, skipped: usize) -> Option<Self::Item> {
        self.0.nth(skipped).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::*;

    /// Long enough for a busy machine, and far less than it takes to render what is skipped.
    const AT_ONCE: Duration = Duration::from_secs(5);

    #[test]
    fn nothing_is_rendered_of_what_is_skipped() {
        let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shapes/whole.toml");
        let recipe = Recipe::read(whole).unwrap();
        let since = Instant::now();
        let example = examples(&recipe).unwrap().nth(1_000_000).unwrap().unwrap();
        assert!(since.elapsed() < AT_ONCE, "{:?}", since.elapsed());
        let Examples::Shapes(mixture) = &recipe.examples else { panic!("whole.toml learns from shapes") };
        assert_eq!(Some(example), mixture.examples(recipe.seed).nth(1_000_000));
    }
}
