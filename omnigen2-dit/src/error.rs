use omnigen2_rope::Grid;

/// Why a configuration describes no network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A field that must be at least 1 is 0.
    #[error("`{field}` is 0; it must be at least 1")]
    Zero {
        /// The field of `config.json`.
        field: &'static str,
    },
    /// A field is larger than in any network.
    #[error("`{field}` is {value}; it must be at most {most}")]
    TooLarge {
        /// The field of `config.json`.
        field: &'static str,
        /// Its value.
        value: usize,
        /// The most allowed.
        most: usize,
    },
    /// One field must be a multiple of another.
    #[error("`{field}` is {value}, which is no multiple of `{of}` = {divisor}")]
    NotAMultiple {
        /// The field of `config.json`.
        field: &'static str,
        /// Its value.
        value: usize,
        /// The field that must divide it.
        of: &'static str,
        /// That field's value.
        divisor: usize,
    },
    /// The rotary axes do not fill a head.
    #[error(
        "`axes_dim_rope` is {axes:?}: expected three even numbers that add up to {head_dim}, the channels of a head"
    )]
    RotaryAxes {
        /// The axes found.
        axes: [usize; 3],
        /// `hidden_size / num_attention_heads`.
        head_dim: usize,
    },
    /// A number that must be finite and positive is not.
    #[error("`{field}` is {value}; it must be a positive number")]
    NotPositive {
        /// The field of `config.json`.
        field: &'static str,
        /// Its value.
        value: f64,
    },
    /// The network must predict as many channels as it reads.
    #[error(
        "`out_channels` is {found}, but the latent has {expected} channels; leave it null or make them equal"
    )]
    OutChannels {
        /// The field's value.
        found: usize,
        /// `in_channels`.
        expected: usize,
    },
}

/// Why an image cannot be drawn on this network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DitError {
    /// The network tells no more references apart.
    #[error("{found} reference images, but the network tells at most {limit} apart; give fewer")]
    TooManyReferences {
        /// How many were given.
        found: usize,
        /// How many it can tell apart.
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
        /// `in_channels`.
        expected: usize,
    },
}
