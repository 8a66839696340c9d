use serde::Serialize;

use crate::weights::Rest;

/// A part at rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartNeed {
    /// The part's name.
    pub part: &'static str,
    /// The room that the part's weights take.
    pub rest: Rest,
}
