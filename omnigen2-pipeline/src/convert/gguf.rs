//! Files of the GGUF format, planned.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use omnigen2_gguf::{BlockType, Plan, TensorPlan, Value};

use super::blocks::Blocks;
use super::encode::float;
use super::error::ConvertError;
use super::origin::origin;
use super::part::Part;
use super::shard::{Shard, Tensors};
use crate::Result;
use crate::weights::{Archive, Entry};

/// The name that the format has for its blocks as they are today.
const QUANTISATION: u32 = 2;

/// One file of all of a part's tensors, under the names that they have.
pub(super) fn shard(archive: Archive, to: PathBuf, part: Part, blocks: Blocks) -> Result<Shard> {
    let metadata = metadata(&archive, part, blocks)?;
    let mut tensors = Vec::new();
    for entry in archive.into_entries() {
        if float(&entry).is_none() {
            entry.float()?;
        }
        let kind = part.type_of(&entry, blocks);
        tensors.push((entry, kind));
    }
    let plan = |(entry, kind): &(Entry, BlockType)| TensorPlan::flattened(entry.name(), entry.shape(), *kind);
    let plan = Plan::new(metadata, tensors.iter().map(plan).collect());
    let plan = plan.map_err(|source| ConvertError::Gguf { path: to.clone(), source: source.into() })?;
    let bytes = |(entry, kind): &(Entry, BlockType)| kind.bytes_of(entry.parameters()).unwrap_or(0) as u64;
    let bytes = tensors.iter().map(bytes).sum();
    Ok(Shard { to, tensors: Tensors::Gguf { plan, tensors }, bytes })
}

fn metadata(archive: &Archive, part: Part, blocks: Blocks) -> Result<Vec<(String, Value)>> {
    let files: BTreeSet<&Path> = archive.tensors().map(|(_, entry)| entry.file()).collect();
    let origin =
        |path: &Path| Ok(origin(path).map_err(|source| ConvertError::Read { path: path.into(), source })?);
    let origins = files.into_iter().map(origin).collect::<Result<Vec<_>>>()?.join("; ");
    let mut pairs = vec![
        ("general.architecture", Value::from(part.architecture())),
        ("general.file_type", Value::U32(blocks.file_type())),
        ("general.quantization_version", Value::U32(QUANTISATION)),
        ("omnigen2.converted_from", Value::from(origins.as_str())),
    ];
    let name = archive.metadata().get("general.name");
    pairs.extend(name.map(|name| ("general.name", Value::from(name.as_str()))));
    Ok(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}
