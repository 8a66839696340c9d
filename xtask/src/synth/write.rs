use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use safetensors::tensor::Metadata;
use safetensors::{Dtype, View};
use serde_json::json;

use super::component::{Component, Tensor, tensors};
use super::values::{Precision, Values};
use crate::Failure;

/// Writes a component: configurations, shards and their index. A shard that is there already, whole, stays.
pub(super) fn component(component: &Component, precision: Precision, out: &Path) -> Result<(), Failure> {
    let folder = out.join(component.folder);
    for (name, config) in component.configs {
        text(&folder.join(name), config)?;
    }
    let mut shards: BTreeMap<&str, Vec<Tensor<'_>>> = BTreeMap::new();
    for tensor in tensors(component.manifest)? {
        shards.entry(tensor.shard).or_default().push(tensor);
    }
    if shards.len() > 1 {
        text(&folder.join(component.index), &index(&shards, precision))?;
    }
    for (name, tensors) in shards {
        shard(&folder.join(name), &tensors, precision)?;
    }
    Ok(())
}

/// Writes a small file.
pub(super) fn text(path: &Path, text: &str) -> Result<(), Failure> {
    let temporary = beside(path)?;
    fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, path)).map_err(|e| failed(path, e))
}

fn shard(path: &Path, tensors: &[Tensor<'_>], precision: Precision) -> Result<(), Failure> {
    let views = tensors.iter().map(|tensor| (tensor.name, Synthetic { tensor, precision }));
    let bytes: usize = tensors.iter().map(|tensor| bytes(tensor, precision)).sum();
    if is_whole(path, tensors, precision) {
        println!("{} is there", path.display());
        return Ok(());
    }
    let temporary = beside(path)?;
    let note = HashMap::from([("format".to_string(), "pt".to_string())]);
    safetensors::serialize_to_file(views, Some(note), &temporary).map_err(|e| failed(path, e))?;
    fs::rename(&temporary, path).map_err(|e| failed(path, e))?;
    println!("{}: {} tensors, {:.2} GiB", path.display(), tensors.len(), bytes as f64 / f64::from(1 << 30));
    Ok(())
}

/// A shard has its name only once it is complete, so that its header and length are enough to know it.
fn is_whole(path: &Path, tensors: &[Tensor<'_>], precision: Precision) -> bool {
    let Some(Header { metadata, beyond }) = header(path) else { return false };
    let same = |tensor: &Tensor<'_>| {
        let found = metadata.info(tensor.name);
        found.is_some_and(|found| found.dtype == precision.dtype() && found.shape == tensor.shape)
    };
    let all: usize = tensors.iter().map(|tensor| bytes(tensor, precision)).sum();
    beyond == all as u64 && tensors.len() == metadata.tensors().len() && tensors.iter().all(same)
}

struct Header {
    metadata: Metadata,
    /// Bytes of the file after it.
    beyond: u64,
}

fn header(path: &Path) -> Option<Header> {
    let mut file = fs::File::open(path).ok()?;
    let mut length = [0; 8];
    file.read_exact(&mut length).ok()?;
    let length = u64::from_le_bytes(length);
    let beyond = file.metadata().ok()?.len().checked_sub(8)?.checked_sub(length)?;
    let mut text = Vec::new();
    file.take(length).read_to_end(&mut text).ok()?;
    Some(Header { metadata: serde_json::from_slice(&text).ok()?, beyond })
}

fn index(shards: &BTreeMap<&str, Vec<Tensor<'_>>>, precision: Precision) -> String {
    let all = || shards.values().flatten();
    let size: usize = all().map(|tensor| bytes(tensor, precision)).sum();
    let map: BTreeMap<_, _> = all().map(|tensor| (tensor.name, tensor.shard)).collect();
    json!({ "metadata": { "total_size": size }, "weight_map": map }).to_string()
}

fn bytes(tensor: &Tensor<'_>, precision: Precision) -> usize {
    tensor.shape.iter().product::<usize>() * precision.size()
}

/// A name in the same folder, which is made if need be.
fn beside(path: &Path) -> Result<PathBuf, Failure> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(folder.join(format!(".{name}.partial")))
}

fn failed(path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::Work(format!("cannot write {}: {error}", path.display()))
}

/// A tensor that is made when it is written.
struct Synthetic<'t> {
    tensor: &'t Tensor<'t>,
    precision: Precision,
}

impl View for Synthetic<'_> {
    fn dtype(&self) -> Dtype {
        self.precision.dtype()
    }

    fn shape(&self) -> &[usize] {
        &self.tensor.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let count = self.tensor.shape.iter().product();
        Values::new(self.tensor.name, &self.tensor.shape).bytes(count, self.precision).into()
    }

    fn data_len(&self) -> usize {
        bytes(self.tensor, self.precision)
    }
}

#[cfg(test)]
mod tests {
    use safetensors::SafeTensors;

    use super::*;

    const SMALL: Component = Component {
        folder: "small",
        configs: &[("config.json", "{}")],
        manifest: "name\tshape\tshard\nb.weight\t[4, 3]\tsmall/1.safetensors\n\
                   a.bias\t[4]\tsmall/1.safetensors\nc\t[2, 2]\tsmall/2.safetensors",
        index: "index.json",
    };

    #[test]
    fn a_component_is_written_whole_and_once() {
        let out = tempfile::tempdir().unwrap();
        component(&SMALL, Precision::Bf16, out.path()).ok().unwrap();
        let folder = out.path().join("small");
        let index: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
        assert_eq!(index["metadata"]["total_size"], 2 * 20);
        assert_eq!(index["weight_map"]["c"], "2.safetensors");
        let file = fs::read(folder.join("1.safetensors")).unwrap();
        let read = SafeTensors::deserialize(&file).unwrap();
        let found = read.tensor("b.weight").unwrap();
        assert_eq!((found.dtype(), found.shape()), (Dtype::BF16, &[4, 3][..]));
        assert_eq!(found.data(), Values::new("b.weight", &[4, 3]).bytes(12, Precision::Bf16));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 4, "nothing else is left");

        let modified = |name: &str| fs::metadata(folder.join(name)).unwrap().modified().unwrap();
        let before = modified("1.safetensors");
        fs::write(folder.join("2.safetensors"), "cut").unwrap();
        component(&SMALL, Precision::Bf16, out.path()).ok().unwrap();
        assert_eq!(modified("1.safetensors"), before, "a whole shard stays");
        assert!(fs::read(folder.join("2.safetensors")).unwrap().len() > 3, "a cut one does not");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let out = tempfile::tempdir().unwrap();
        fs::write(out.path().join("small"), "a file").unwrap();
        let Err(Failure::Work(message)) = component(&SMALL, Precision::F32, out.path()) else { panic!() };
        assert!(message.contains("small"), "{message}");
    }
}
