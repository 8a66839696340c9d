//! Blocks made of numbers.

mod fit;
mod k;
mod legacy;
mod pack;
mod parts;

use half::{bf16, f16};

use crate::BlockType;

/// The reason why numbers are not made blocks of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("blocks of {kind} are read and not made; choose Q4_K, or another type")]
pub struct NotQuantised {
    /// The type.
    pub kind: BlockType,
}

impl BlockType {
    /// Tells whether numbers can be made blocks of this type: of all but `IQ4_NL` and `IQ4_XS`.
    pub fn quantises(self) -> bool {
        !matches!(self, Self::Iq4Nl | Self::Iq4Xs)
    }

    /// Makes blocks of numbers, which are finite and not so large that a scale is none in half precision.
    ///
    /// The plain types and those of 32 numbers with one scale give the bytes that `gguf.quants.quantize` gives. The others
    /// are searched for the least squared error: scale and offset of each run by least squares from several beginnings,
    /// then their integers and the scales of the block in turns.
    ///
    /// ```
    /// use omnigen2_gguf::BlockType;
    ///
    /// let numbers: Vec<f32> = (0..256).map(|at| (at as f32).sin()).collect();
    /// let (mut block, mut again) = ([0; 144], [0.0; 256]);
    /// BlockType::Q4K.quantise(&numbers, &mut block)?;
    /// BlockType::Q4K.dequantise(&block, &mut again);
    /// assert!(numbers.iter().zip(again).all(|(number, again)| (number - again).abs() < 0.08));
    /// # Ok::<(), omnigen2_gguf::NotQuantised>(())
    /// ```
    ///
    /// # Errors
    /// If it is a type whose blocks are not made.
    ///
    /// # Panics
    /// If the bytes are not those of as many numbers.
    pub fn quantise(self, numbers: &[f32], bytes: &mut [u8]) -> Result<(), NotQuantised> {
        self.quantise_weighted(numbers, &[1.0], bytes)
    }

    /// Makes blocks of numbers as [`quantise`](Self::quantise), with errors that count by an importance for each column,
    /// such as the mean square of what the column is multiplied by (llama.cpp's *imatrix*).
    ///
    /// Types of which `quantise` gives another program's bytes give the same whatever the importance.
    ///
    /// # Shapes
    /// - `numbers`: `[rows, columns]`
    /// - `importance`: `[columns]`, finite and not negative; numbers of importance 0 may become any others
    ///
    /// # Errors
    /// As `quantise`.
    ///
    /// # Panics
    /// As `quantise`, and if the numbers are no whole rows.
    pub fn quantise_weighted(
        self,
        numbers: &[f32],
        importance: &[f32],
        bytes: &mut [u8],
    ) -> Result<(), NotQuantised> {
        self.check(bytes, numbers.len());
        let columns = importance.len();
        assert!(
            columns > 0 && numbers.len().is_multiple_of(columns),
            "{} numbers in rows of {columns}",
            numbers.len()
        );
        match self {
            Self::F32 => plain(numbers, bytes, f32::to_le_bytes),
            Self::F16 => plain(numbers, bytes, |number| f16::from_f32(number).to_le_bytes()),
            Self::Bf16 => plain(numbers, bytes, |number| bf16::from_f32(number).to_le_bytes()),
            Self::Q8_0 => blocks(numbers, bytes, legacy::q8_0),
            Self::Q4_0 => blocks(numbers, bytes, legacy::q4_0),
            Self::Q4_1 => blocks(numbers, bytes, legacy::q4_1),
            Self::Q5_0 => blocks(numbers, bytes, legacy::q5_0),
            Self::Q5_1 => blocks(numbers, bytes, legacy::q5_1),
            Self::Q2K => k::quantise(&k::Q2_K, numbers, importance, bytes),
            Self::Q3K => k::quantise(&k::Q3_K, numbers, importance, bytes),
            Self::Q4K => k::quantise(&k::Q4_K, numbers, importance, bytes),
            Self::Q5K => k::quantise(&k::Q5_K, numbers, importance, bytes),
            Self::Q6K => k::quantise(&k::Q6_K, numbers, importance, bytes),
            Self::Iq4Nl | Self::Iq4Xs => return Err(NotQuantised { kind: self }),
        }
        Ok(())
    }
}

fn plain<const N: usize>(numbers: &[f32], bytes: &mut [u8], convert: impl Fn(f32) -> [u8; N]) {
    for (number, bytes) in numbers.iter().zip(bytes.as_chunks_mut().0) {
        *bytes = convert(*number);
    }
}

fn blocks<const NUMBERS: usize, const BYTES: usize>(
    numbers: &[f32],
    bytes: &mut [u8],
    quantise: impl Fn(&[f32; NUMBERS], &mut [u8; BYTES]),
) {
    for (numbers, block) in numbers.as_chunks().0.iter().zip(bytes.as_chunks_mut().0) {
        quantise(numbers, block);
    }
}
