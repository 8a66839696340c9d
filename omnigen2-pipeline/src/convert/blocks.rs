use std::fmt;
use std::str::FromStr;

use omnigen2_gguf::BlockType;
use omnigen2_rope::ops::packed::Bits;
use rayon::prelude::*;

/// The largest number that blocks are made of: scales of all types hold in half precision then.
pub(super) const MOST: f32 = 65504.0;
/// Numbers that one thread makes blocks of at a time.
const TASK: usize = 1 << 14;

/// The blocks of integers in which a GGUF file has large matrices, by the names that llama.cpp gives them.
///
/// Which matrices these are, [`Naming::bits`](crate::weights::Naming::bits) says, as it does of those that are packed while
/// they are loaded. What it packs to 8 bits alone is `q8_0`, what it packs not at all BF16, as on a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blocks {
    /// 8.5 bits a number.
    Q8_0,
    /// 6.6 bits a number.
    Q6K,
    /// 5.5 bits a number.
    Q5K,
    /// 4.5 bits a number, with offsets.
    Q4K,
    /// 4.5 bits a number.
    Q4_0,
}

impl Blocks {
    /// All values, that of most bits first.
    pub const ALL: &'static [Self] = &[Self::Q8_0, Self::Q6K, Self::Q5K, Self::Q4K, Self::Q4_0];

    /// Returns the word that the value is written as.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Q8_0 => "q8_0",
            Self::Q6K => "q6_k",
            Self::Q5K => "q5_k",
            Self::Q4K => "q4_k",
            Self::Q4_0 => "q4_0",
        }
    }

    /// The type of most tensors, as `general.file_type` has it.
    ///
    /// Source: `LlamaFileType` of the Python package `gguf`; of the K types the one that has no mixture.
    pub(super) fn file_type(self) -> u32 {
        match self {
            Self::Q8_0 => 7,
            Self::Q6K => 18,
            Self::Q5K => 16,
            Self::Q4K => 14,
            Self::Q4_0 => 2,
        }
    }

    /// The blocks of a matrix that is packed to so many bits; none if its numbers are no whole ones.
    pub(super) fn of(self, bits: Bits, numbers: usize) -> Option<BlockType> {
        let kinds = match bits {
            Bits::Eight => [BlockType::Q8_0; 2],
            Bits::Four => self.types(),
        };
        kinds.into_iter().find(|kind| numbers.is_multiple_of(kind.block_len()))
    }

    /// The type, and that for numbers which are no whole blocks of 256.
    fn types(self) -> [BlockType; 2] {
        match self {
            Self::Q8_0 => [BlockType::Q8_0; 2],
            Self::Q6K => [BlockType::Q6K, BlockType::Q8_0],
            Self::Q5K => [BlockType::Q5K, BlockType::Q5_1],
            Self::Q4K => [BlockType::Q4K, BlockType::Q4_1],
            Self::Q4_0 => [BlockType::Q4_0; 2],
        }
    }
}

/// Makes blocks of numbers on all threads, or gives the first of which none are made.
pub(super) fn quantise(kind: BlockType, numbers: &[f32]) -> Result<Vec<u8>, f32> {
    let mut blocks = vec![0; numbers.len() / kind.block_len() * kind.block_bytes()];
    let parts =
        numbers.par_chunks(TASK).zip(blocks.par_chunks_mut(TASK / kind.block_len() * kind.block_bytes()));
    parts.try_for_each(|(numbers, blocks)| {
        if let Some(&number) = numbers.iter().find(|number| number.is_nan() || number.abs() > MOST) {
            return Err(number);
        }
        // Of all types that are written, blocks are made.
        let _ = kind.quantise(numbers, blocks);
        Ok(())
    })?;
    Ok(blocks)
}

impl fmt::Display for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Blocks {
    type Err = UnknownBlocks;

    fn from_str(name: &str) -> Result<Self, UnknownBlocks> {
        Self::ALL.iter().copied().find(|blocks| blocks.name() == name).ok_or(UnknownBlocks)
    }
}

/// A word that no [`Blocks`] are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {}", Blocks::ALL.iter().map(|blocks| format!("`{blocks}`")).collect::<Vec<_>>().join(", "))]
pub struct UnknownBlocks;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for blocks in Blocks::ALL {
            assert_eq!(blocks.to_string().parse(), Ok(*blocks));
            assert!(blocks.types().iter().all(|kind| kind.quantises()));
        }
        let error = "q3_k".parse::<Blocks>().map_err(|error| error.to_string());
        assert!(error.is_err_and(|error| error.contains("`q8_0`, `q6_k`")));
    }

    #[test]
    fn numbers_of_which_no_blocks_are_made_are_told() {
        for bad in [f32::NAN, f32::INFINITY, -65505.0] {
            let mut numbers = vec![1.0; 4 * TASK];
            numbers[3 * TASK] = bad;
            assert!(quantise(BlockType::Q8_0, &numbers).is_err_and(|found| found.to_bits() == bad.to_bits()));
        }
    }
}
