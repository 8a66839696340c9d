use serde::{Deserialize, Serialize};

use super::names::named;

/// The time for which parts are in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Memory {
    /// Resident where all parts together surely fit, else staged.
    #[default]
    Auto,
    /// Each part stays once it is loaded. On a CPU, weights of a mapped file can still be dropped by the
    /// system when memory is short.
    Resident,
    /// Each part is put away when its stage ends, so the peak is the largest part and not the sum.
    Staged,
}

named!(Memory, { Auto => "auto", Resident => "resident", Staged => "staged" });
