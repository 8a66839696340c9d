/// A configuration that describes no autoencoder this crate can build.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` of the VAE's config.json is {found}, but must be {expected}")]
pub struct ConfigError {
    /// The field, by its name in config.json.
    pub field: &'static str,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub expected: String,
}
