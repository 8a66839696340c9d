use thiserror::Error;

/// A field of the language model's `config.json` that describes no network this crate can build.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{field}` of the language model's config is {found}; expected {expected}")]
pub struct ConfigError {
    /// The field's name in the file.
    pub field: &'static str,
    /// The value that stands there.
    pub found: String,
    /// The values that may stand there.
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
        /// The place of the sequence in the batch, from 0.
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
        /// The place of the token, from 0.
        place: usize,
        /// The token.
        id: u32,
        /// The number of tokens that the network knows.
        vocab: usize,
    },
    /// There are more tokens than the network was made for.
    #[error("{tokens} tokens, of {most} at most: shorten the text, or show fewer or smaller images")]
    Length {
        /// The number of tokens.
        tokens: usize,
        /// `max_position_embeddings`.
        most: usize,
    },
    /// There are not as many image tokens as image features.
    #[error(
        "{found} image tokens for {expected} image features: repeat the image token once for each feature"
    )]
    ImageTokens {
        /// The number of features that the images have in all.
        expected: usize,
        /// The number of image tokens that the text has.
        found: usize,
    },
    /// An image's tokens do not stand together.
    #[error("image {image} has {expected} features but {found} image tokens where it stands in the text")]
    ImageRun {
        /// The number of the image, from 1.
        image: usize,
        /// The number of features that it has.
        expected: usize,
        /// The number of image tokens that are left where it stands.
        found: usize,
    },
    /// An image's features have another shape than its grid and the network ask for.
    #[error("the features of image {image} have the shape {found:?}; expected {expected:?}")]
    Features {
        /// The number of the image, from 1.
        image: usize,
        /// `[cells of the grid, width of the network]`.
        expected: [usize; 2],
        /// The shape of the tensor.
        found: [usize; 2],
    },
}
