use thiserror::Error;

/// A field of `config.json` that this network cannot be built from.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{field}` of the language model's config is {found}; expected {expected}")]
pub struct ConfigError {
    /// The field's name in the file.
    pub field: &'static str,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub expected: String,
}

impl ConfigError {
    pub(crate) fn new(field: &'static str, found: impl ToString, expected: impl ToString) -> Self {
        Self { field, found: found.to_string(), expected: expected.to_string() }
    }
}

/// Tokens and images that make no input.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InputError {
    /// Sequences of a batch do not lie alike.
    #[error("sequence {row} of the batch has another length than the first, or images elsewhere")]
    Ragged {
        /// Its place, from 0.
        row: usize,
    },
    /// There are no tokens.
    #[error("no tokens: the language model reads at least one")]
    Empty,
    /// A token is not in the vocabulary.
    #[error(
        "token {id} at place {place} is not among the {vocab} of the vocabulary: use this checkpoint's tokenizer"
    )]
    Token {
        /// Where it stands, from 0.
        place: usize,
        /// The token.
        id: u32,
        /// How many tokens the network knows.
        vocab: usize,
    },
    /// There are more tokens than the network was made for.
    #[error("{tokens} tokens, of {most} at most: shorten the text, or show fewer or smaller images")]
    Length {
        /// How many there are.
        tokens: usize,
        /// `max_position_embeddings`.
        most: usize,
    },
    /// There are not as many image tokens as image features.
    #[error(
        "{found} image tokens for {expected} image features: repeat the image token once for each feature"
    )]
    ImageTokens {
        /// How many features the images have in all.
        expected: usize,
        /// How many image tokens the text has.
        found: usize,
    },
    /// An image's tokens do not stand together.
    #[error("image {image} has {expected} features but {found} image tokens where it stands in the text")]
    ImageRun {
        /// Which image, from 1.
        image: usize,
        /// How many features it has.
        expected: usize,
        /// How many image tokens are left where it stands.
        found: usize,
    },
    /// An image's features have another shape than its grid and the network ask for.
    #[error("the features of image {image} have the shape {found:?}; expected {expected:?}")]
    Features {
        /// Which image, from 1.
        image: usize,
        /// `[cells of the grid, width of the network]`.
        expected: [usize; 2],
        /// Those of the tensor.
        found: [usize; 2],
    },
}
