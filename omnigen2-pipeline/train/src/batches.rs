//! Batches of examples of one shape.

use std::collections::BTreeMap;

use super::error::Result;
use super::error::TrainError;
use super::random::{Generator, Purpose};

/// Examples on their way into batches: block by block, each put into groups of one key, these cut into batches, and
/// the batches shuffled. A block may end with smaller batches, but loses none.
pub(crate) struct Batches<E> {
    size: usize,
    /// How many examples a block has.
    block_size: usize,
    seed: u64,
    /// Blocks that were begun.
    block: u64,
    /// Batches of this block that were given out.
    given: u64,
    /// The rest of the block, last first.
    rest: Vec<Vec<E>>,
}

impl<E> Batches<E> {
    /// Batches of `size` examples, in blocks that would fill `gather` of them if all were of one key.
    pub(crate) fn new(size: usize, gather: usize, seed: u64) -> Self {
        Self { size, block_size: size.saturating_mul(gather), seed, block: 0, given: 0, rest: Vec::new() }
    }

    /// The number of blocks that are used up, and of batches of the next one.
    pub(crate) fn place(&self) -> [u64; 2] {
        if self.rest.is_empty() { [self.block, 0] } else { [self.block - 1, self.given] }
    }

    /// Continues from a place of a run like this one, whose examples begin anew; from the end of the block, if it has
    /// no such place.
    pub(crate) fn seek<K: Ord>(
        &mut self,
        [block, given]: [u64; 2],
        examples: &mut impl Iterator<Item = Result<E>>,
        key: impl Fn(&E) -> Result<K>,
    ) -> Result<()> {
        let passed = usize::try_from(block).unwrap_or(usize::MAX).saturating_mul(self.block_size);
        if let Some(last) = passed.checked_sub(1) {
            examples.nth(last).transpose()?;
        }
        self.block = block;
        if given > 0 {
            self.fill(examples, key)?;
            let left = (self.rest.len() as u64).saturating_sub(given);
            self.given = self.rest.len() as u64 - left;
            self.rest.truncate(left as usize);
        }
        Ok(())
    }

    /// The next batch.
    pub(crate) fn next<K: Ord>(
        &mut self,
        examples: &mut impl Iterator<Item = Result<E>>,
        key: impl Fn(&E) -> Result<K>,
    ) -> Result<Vec<E>> {
        if self.rest.is_empty() {
            self.fill(examples, key)?;
        }
        let seen = self.block.saturating_sub(1).saturating_mul(self.block_size as u64);
        let batch = self.rest.pop().ok_or(TrainError::NoExamples { seen })?;
        self.given += 1;
        Ok(batch)
    }

    fn fill<K: Ord>(
        &mut self,
        examples: &mut impl Iterator<Item = Result<E>>,
        key: impl Fn(&E) -> Result<K>,
    ) -> Result<()> {
        let mut groups: BTreeMap<K, Vec<E>> = BTreeMap::new();
        for example in examples.take(self.block_size) {
            let example = example?;
            groups.entry(key(&example)?).or_default().push(example);
        }
        for group in groups.into_values() {
            let mut group = group.into_iter();
            while group.len() > 0 {
                self.rest.push(group.by_ref().take(self.size).collect());
            }
        }
        Generator::new(self.seed, Purpose::Order, self.block).shuffle(&mut self.rest);
        self.block = self.block.saturating_add(1);
        self.given = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATHER: usize = 8;

    fn numbers() -> impl Iterator<Item = Result<u64>> {
        (0..).map(Ok)
    }

    #[expect(clippy::unnecessary_wraps, reason = "a key may fail")]
    fn key(number: &u64) -> Result<u64> {
        Ok(number % 3)
    }

    #[test]
    fn every_example_of_a_block_comes_once_with_others_of_its_key() {
        let mut batches = Batches::new(4, GATHER, 1);
        let mut examples = numbers();
        let mut seen = Vec::new();
        while seen.len() < 4 * GATHER {
            let batch = batches.next(&mut examples, key).unwrap();
            assert!(batch.len() <= 4 && batch.iter().all(|number| number % 3 == batch[0] % 3));
            seen.extend(batch);
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..(4 * GATHER) as u64).collect::<Vec<_>>());
    }

    #[test]
    fn a_run_goes_on_where_it_stood() {
        let mut whole = Batches::new(4, GATHER, 1);
        let mut examples = numbers();
        for _ in 0..100 {
            whole.next(&mut examples, key).unwrap();
        }
        let mut resumed = Batches::new(4, GATHER, 1);
        let mut again = numbers();
        resumed.seek(whole.place(), &mut again, key).unwrap();
        assert_eq!(resumed.place(), whole.place());
        for _ in 0..100 {
            assert_eq!(resumed.next(&mut again, key).unwrap(), whole.next(&mut examples, key).unwrap());
        }
    }

    #[test]
    fn data_that_ends_is_an_error() {
        let mut batches = Batches::new(4, GATHER, 1);
        let mut examples = (0..2).map(Ok);
        assert_eq!(batches.next(&mut examples, |_| Ok(0)).unwrap(), [0, 1]);
        assert!(batches.next(&mut examples, |_| Ok(0)).unwrap_err().to_string().contains("no more examples"));
    }
}
