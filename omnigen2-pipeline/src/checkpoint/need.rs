use serde::Serialize;

use crate::weights::Rest;

/// A part at rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartNeed {
    /// Its name.
    pub part: &'static str,
    /// Its weights.
    pub rest: Rest,
}
