use std::collections::BTreeMap;

use crate::Entry;

/// Counts and sizes of tensors, from the headers alone.
///
/// Collect it from the entries that are of interest:
/// `archive.with_prefix("visual.").map(|(_, entry)| entry).collect::<Summary>()`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Tensors.
    pub tensors: usize,
    /// Numbers in all tensors.
    pub parameters: u64,
    /// Bytes of all tensors in the files.
    pub bytes: u64,
    /// Numbers by the type in which they are stored.
    pub types: BTreeMap<String, u64>,
}

impl<'a> FromIterator<&'a Entry> for Summary {
    fn from_iter<I: IntoIterator<Item = &'a Entry>>(entries: I) -> Self {
        let mut summary = Self::default();
        for entry in entries {
            let parameters = entry.parameters() as u64;
            summary.tensors += 1;
            summary.parameters += parameters;
            summary.bytes += entry.bytes().len() as u64;
            *summary.types.entry(entry.type_name()).or_default() += parameters;
        }
        summary
    }
}
