use thiserror::Error;

/// A field of `vision_config` that this network cannot be built from.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{field}` of the vision_config is {found}; expected {expected}")]
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
