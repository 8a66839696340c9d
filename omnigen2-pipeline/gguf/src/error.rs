use std::fmt;

use crate::UnknownType;

/// The most characters of a name that an error shows.
const SHOWN: usize = 120;

/// The reason why bytes are no GGUF file, or why a file cannot be laid out: what is at fault, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {fault}")]
#[non_exhaustive]
pub struct GgufError {
    /// The part of the file.
    pub part: Part,
    /// The fault that it has.
    pub fault: Fault,
}

/// A part of a GGUF file. A name that is very long or holds control characters is shortened and escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The first bytes: magic number, version and counts.
    Preamble,
    /// A metadata pair whose key is not known, by its place among the pairs.
    PairAt(u64),
    /// A metadata pair, by its key.
    Pair(String),
    /// A tensor whose name is not known, by its place among the tensors.
    TensorAt(u64),
    /// A tensor, by its name.
    Tensor(String),
}

/// The fault of a part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Another magic number.
    #[error("begins with {found:?}, expected \"GGUF\"; is it the right file?")]
    NotGguf {
        /// The first bytes, as text where they are.
        found: String,
    },
    /// Numbers with their highest byte first.
    #[error("is of a big-endian file, expected little-endian; convert it on a little-endian machine")]
    BigEndian,
    /// A version of the format that is not read.
    #[error("is of version {found}, versions 2 and 3 are read; convert the model again with a current tool")]
    Version {
        /// The version.
        found: u32,
    },
    /// The file ends too early.
    #[error(
        "needs {needed} bytes from byte {at} on, and {left} are left; the file is cut off, fetch it again"
    )]
    CutOff {
        /// The offset in the file.
        at: usize,
        /// The bytes expected there.
        needed: u64,
        /// The bytes found there.
        left: usize,
    },
    /// Text in another encoding.
    #[error("has text at byte {at} that is not UTF-8; the file is damaged, fetch it again")]
    NotUtf8 {
        /// The offset in the file.
        at: usize,
    },
    /// A number that names no type of values.
    #[error("has a value of type {found}, expected 0 to 12; the file is damaged or newer than this program")]
    ValueType {
        /// The number.
        found: u32,
    },
    /// A truth value that is neither.
    #[error("has the truth value {found}, expected 0 or 1; the file is damaged, fetch it again")]
    Bool {
        /// The byte.
        found: u8,
    },
    /// Arrays within arrays.
    #[error("has arrays more than {limit} deep within each other; no tool writes such files")]
    Nesting {
        /// The depth that is read.
        limit: usize,
    },
    /// A name that is there already.
    #[error("is there twice; the file is damaged, convert the model again")]
    Duplicate,
    /// An alignment that no data can have.
    #[error("is {found}, expected a power of two in 32 bits without sign; convert the model again")]
    Alignment {
        /// The value.
        found: String,
    },
    /// A type whose blocks are not known here.
    #[error(transparent)]
    Type(#[from] UnknownType),
    /// No axes, or more than the format has.
    #[error(
        "has {found} axes, expected 1 to 4; convert the model again, flattened or with an axis of length 1"
    )]
    Axes {
        /// The number of axes.
        found: u64,
    },
    /// An axis without numbers.
    #[error("has the shape {shape:?}, with an axis of length 0; convert the model without it")]
    Empty {
        /// The shape, in PyTorch's order.
        shape: Vec<u64>,
    },
    /// Rows that are no whole number of blocks.
    #[error(
        "has rows of {row} numbers, expected a multiple of {block} for {kind}; convert it to F16, or flattened"
    )]
    Rows {
        /// The numbers in a row.
        row: u64,
        /// The numbers in a block.
        block: usize,
        /// The type's name.
        kind: &'static str,
    },
    /// More numbers than can be counted.
    #[error("has the shape {shape:?}, more than any file holds; the file is damaged, fetch it again")]
    TooLarge {
        /// The shape, in PyTorch's order.
        shape: Vec<u64>,
    },
    /// Data that do not begin where the alignment lets them.
    #[error("begins at offset {offset}, expected a multiple of {alignment}; convert the model again")]
    Unaligned {
        /// The offset within the data.
        offset: u64,
        /// The alignment.
        alignment: usize,
    },
    /// Data that the file does not have.
    #[error(
        "needs {needed} bytes at offset {offset} of the data, which have {found}; the file is cut off, fetch it again"
    )]
    Outside {
        /// The offset within the data.
        offset: u64,
        /// The bytes of the tensor.
        needed: u64,
        /// The bytes of all data.
        found: usize,
    },
    /// Data that are those of another tensor as well.
    #[error("has bytes in common with {other}; the file is damaged, convert the model again")]
    Overlap {
        /// The other tensor's name.
        other: String,
    },
    /// An original shape that the tensor cannot have had.
    #[error(
        "tells the shape {found}, expected 32-bit integers whose product is {numbers}, the numbers of its tensor; \
         convert the model again"
    )]
    OriginalShape {
        /// The value.
        found: String,
        /// The numbers of the tensor.
        numbers: usize,
    },
}

impl Fault {
    pub(crate) fn of(self, part: Part) -> GgufError {
        GgufError { part, fault: self }
    }
}

impl Part {
    pub(crate) fn pair(key: &str) -> Self {
        Self::Pair(shown(key))
    }

    pub(crate) fn tensor(name: &str) -> Self {
        Self::Tensor(shown(name))
    }
}

/// A name as an error shows it.
pub(crate) fn shown(name: &str) -> String {
    let mut letters = name.chars();
    let mut text: String = letters.by_ref().take(SHOWN).flat_map(char::escape_debug).collect();
    if letters.next().is_some() {
        text.push('…');
    }
    text
}

/// A value as an error shows it, of which no more is made than is shown.
pub(crate) fn shown_value(value: &impl fmt::Debug) -> String {
    struct Beginning(String);

    impl fmt::Write for Beginning {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.push_str(text);
            if self.0.len() > 4 * SHOWN { Err(fmt::Error) } else { Ok(()) }
        }
    }

    let mut beginning = Beginning(String::new());
    // It fails where there is enough.
    let _ = fmt::write(&mut beginning, format_args!("{value:?}"));
    shown(&beginning.0)
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preamble => f.write_str("the beginning of the file"),
            Self::PairAt(at) => write!(f, "metadata pair {at}"),
            Self::Pair(key) => write!(f, "the metadata pair `{key}`"),
            Self::TensorAt(at) => write!(f, "tensor {at}"),
            Self::Tensor(name) => write!(f, "the tensor `{name}`"),
        }
    }
}
