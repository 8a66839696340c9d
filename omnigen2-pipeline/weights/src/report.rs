use std::fmt;

use omnigen2_files::short;

/// The number of names of each kind that a message shows.
const SHOWN: usize = 5;

/// The differences of a checkpoint and a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Tensors that the module needs and the checkpoint lacks, by their names in the checkpoint.
    pub missing: Vec<String>,
    /// Tensors of the checkpoint that the module has no use for.
    pub unexpected: Vec<String>,
    /// Tensors of another shape than the module's.
    pub mismatched: Vec<Mismatch>,
}

/// A tensor of another shape than its parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The tensor's name in the checkpoint.
    pub tensor: String,
    /// The parameter's shape.
    pub expected: Vec<usize>,
    /// The shape in the checkpoint.
    pub found: Vec<usize>,
}

impl LoadReport {
    /// Tells whether everything fits.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.mismatched.is_empty()
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            kind("missing", &self.missing),
            kind("unexpected", &self.unexpected),
            kind("of another shape", &self.mismatched),
        ];
        let kinds: Vec<String> = kinds.into_iter().flatten().collect();
        if kinds.is_empty() { f.write_str("everything fits") } else { f.write_str(&kinds.join("; ")) }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (expected {:?}, found {:?})", short(&self.tensor), self.expected, self.found)
    }
}

fn kind<T: fmt::Display>(what: &str, items: &[T]) -> Option<String> {
    if items.is_empty() {
        return None;
    }
    let mut shown: Vec<String> =
        items.iter().take(SHOWN).map(|item| short(&item.to_string()).to_string()).collect();
    if items.len() > SHOWN {
        shown.push(format!("and {} more", items.len() - SHOWN));
    }
    Some(format!("{} {what}: {}", items.len(), shown.join(", ")))
}
