/// A field of the vision tower's `vision_config` that describes no network this crate can build.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` of the vision tower's config is {found}; expected {expected}")]
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
