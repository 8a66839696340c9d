//! Writes networks as a checkpoint of the published layout.

use std::io::{self, BufWriter, IntoInnerError};
use std::path::{Path, PathBuf};

use burn::module::{Module, Param};
use burn::prelude::*;
use burn::tensor::{DType, f16};
use safetensors::Dtype;

use super::error::Result;
use super::error::TrainError;
use super::networks::Networks;
use super::precise::Precise;
use super::state::{Floats, file};
use omnigen2_pipeline::checkpoint::{DIT_NAMING, MLLM_NAMING, VAE_NAMING, VIT_NAMING};
use omnigen2_pipeline::files::{Draft, disk, open_regular, replace};
use omnigen2_pipeline::weights::{Naming, ParameterVisitor, visit};

const WEIGHTS: &str = "diffusion_pytorch_model.safetensors";
const MLLM_WEIGHTS: &str = "model.safetensors";
/// The bytes that are copied at a time.
const COPIED: usize = 1 << 20;

/// Writes a checkpoint into an empty folder: what learnt, as it is now, and all else as `from` has it.
pub(crate) fn publish(networks: &Networks, from: &Path, to: &Path, precise: Precise) -> Result<()> {
    let mut learnt = Vec::new();
    learnt.extend(networks.vae.as_ref().map(|_| "vae"));
    learnt.extend(networks.transformer.as_ref().map(|_| "transformer"));
    learnt.extend(networks.mllm.as_ref().map(|_| "mllm"));
    learnt.extend(networks.vit.as_ref().map(|_| "mllm"));
    for entry in entries(from)? {
        let name = entry.file_name().unwrap_or_default();
        // An index of the shards that were would be read in place of what was learnt.
        if learnt.iter().any(|part| name == *part) {
            copy(&entry, &to.join(name), |file| !holds_weights(file))?;
        } else {
            copy(&entry, &to.join(name), |_| true)?;
        }
    }
    if let Some(vae) = &networks.vae {
        write(&to.join("vae").join(WEIGHTS), tensors(vae, &VAE_NAMING, precise))?;
    }
    if let Some(transformer) = &networks.transformer {
        write(&to.join("transformer").join(WEIGHTS), tensors(transformer, &DIT_NAMING, precise))?;
    }
    let mut language = Vec::new();
    language.extend(networks.mllm.iter().flat_map(|mllm| tensors(mllm, &MLLM_NAMING, precise)));
    language.extend(networks.vit.iter().flat_map(|vit| tensors(vit, &VIT_NAMING, precise)));
    if !language.is_empty() {
        write(&to.join("mllm").join(MLLM_WEIGHTS), language)?;
    }
    Ok(())
}

fn holds_weights(file: &Path) -> bool {
    let name = file.to_string_lossy();
    name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json")
}

/// Copies a file, or a folder with those of its files that are wanted.
fn copy(from: &Path, to: &Path, is_wanted: fn(&Path) -> bool) -> Result<()> {
    if !from.is_dir() {
        return if is_wanted(from) { copy_file(from, to) } else { Ok(()) };
    }
    disk::create_folders(to).map_err(|source| file("create", to, source))?;
    for entry in entries(from)? {
        copy(&entry, &to.join(entry.file_name().unwrap_or_default()), is_wanted)?;
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    let mut source = open_regular(from).map_err(|source| file("copy", from, source))?;
    let copied = Draft::beside(to).and_then(|draft| {
        let mut draft = BufWriter::with_capacity(COPIED, draft);
        io::copy(&mut source, &mut draft)?;
        draft.into_inner().map_err(IntoInnerError::into_error)?.finish()
    });
    copied.map_err(|source| file("write", to, source))
}

/// The paths in a folder, in the order of their names.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |source| file("copy", folder, source);
    let entries = folder.read_dir().map_err(failed)?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>().map_err(failed)?;
    paths.sort();
    Ok(paths)
}

fn write(path: &Path, tensors: Vec<(String, Floats)>) -> Result<()> {
    let bytes = safetensors::serialize(tensors, None).map_err(io::Error::other);
    let written = bytes.and_then(|bytes| replace(path, &bytes));
    written.map_err(|source| TrainError::File { action: "write", path: path.to_owned(), source })
}

/// The parameters of a module by their names in the published files.
fn tensors<M: Module>(module: &M, naming: &Naming<'_>, precise: Precise) -> Vec<(String, Floats)> {
    let mut collect = Collect { naming, precise, found: Vec::new() };
    visit(module, &mut collect);
    collect.found
}

struct Collect<'a> {
    naming: &'a Naming<'a>,
    precise: Precise,
    found: Vec<(String, Floats)>,
}

impl ParameterVisitor for Collect<'_> {
    fn visit<const D: usize>(&mut self, path: &str, parameter: &Param<Tensor<D>>) {
        let prefix = self.naming.prefixes.last().copied().unwrap_or_default();
        let name = self.naming.name(prefix, path);
        let value = parameter.val().cast(DType::F32).into_data();
        let shape = parameter.lazy_shape().to_vec();
        let numbers = value.iter::<f32>();
        let (dtype, bytes) = match self.precise {
            Precise::F32 => (Dtype::F32, numbers.flat_map(f32::to_le_bytes).collect()),
            Precise::F16 => (Dtype::F16, numbers.flat_map(|x| f16::from_f32(x).to_le_bytes()).collect()),
        };
        self.found.push((name, Floats { shape, bytes, dtype }));
    }
}
