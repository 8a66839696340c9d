use omnigen2_rope::Grid;

/// A field of the transformer's `config.json` that describes no network this crate can build.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` of the transformer's config is {found}; expected {expected}")]
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

/// An image that cannot be drawn on this network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DitError {
    /// The network tells no more references apart.
    #[error("{found} reference images, but the network tells at most {limit} apart; give fewer")]
    TooManyReferences {
        /// The number that was given.
        found: usize,
        /// The number that it can tell apart.
        limit: usize,
    },
    /// A latent cannot be cut into whole patches.
    #[error("a latent of {} rows and {} columns is not made of whole patches of {patch} by {patch}", size.rows, size.columns)]
    NotWholePatches {
        /// The size of the latent.
        size: Grid,
        /// The side of a patch.
        patch: usize,
    },
    /// A reference latent has the wrong number of channels.
    #[error("a reference latent has {found} channels, the network reads {expected}")]
    Channels {
        /// The channels found.
        found: usize,
        /// The channels that the network reads, `in_channels`.
        expected: usize,
    },
}

/// Text that spells no value of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct ParseError {
    /// The spellings that are read.
    pub expected: &'static str,
}
