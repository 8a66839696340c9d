//! Writes networks as a checkpoint of the published layout.

use std::fs;
use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::prelude::*;
use burn::tensor::{DType, f16};
use safetensors::Dtype;

use super::error::Result;
use super::error::TrainError;
use super::networks::Networks;
use super::state::{Floats, file};
use omnigen2_pipeline::checkpoint::{DIT_NAMING, MLLM_NAMING, VAE_NAMING, VIT_NAMING};
use omnigen2_pipeline::weights::{Naming, Trail};
use omnigen2_pipeline::whole::replace;

const WEIGHTS: &str = "diffusion_pytorch_model.safetensors";
const MLLM_WEIGHTS: &str = "model.safetensors";

/// In which type numbers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precise {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits, of which 11 are digits.
    F16,
}

/// Writes a checkpoint into `to`: what learnt, as it is now, and all else as `from` has it.
pub(crate) fn publish(networks: &Networks, from: &Path, to: &Path, precise: Precise) -> Result<()> {
    copy(from, to)?;
    let learnt = [
        ("vae", networks.vae.is_some()),
        ("transformer", networks.transformer.is_some()),
        ("mllm", networks.mllm.is_some() || networks.vit.is_some()),
    ];
    for (folder, _) in learnt.into_iter().filter(|(_, learnt)| *learnt) {
        clear(&to.join(folder))?;
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

/// Takes away the weights that a part had: an index of shards would be read in place of what was learnt.
fn clear(folder: &Path) -> Result<()> {
    let failed = |source| file("clear", folder, source);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.to_string_lossy();
        if name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json") {
            fs::remove_file(&path).map_err(failed)?;
        }
    }
    Ok(())
}

/// Copies all files of a checkpoint but those that are there already.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| file("copy", &path, source)
    };
    fs::create_dir_all(to).map_err(failed(to))?;
    for entry in fs::read_dir(from).map_err(failed(from))? {
        let entry = entry.map_err(failed(from))?.path();
        let Some(name) = entry.file_name() else { continue };
        let target = to.join(name);
        if entry.is_dir() {
            copy(&entry, &target)?;
        } else if !target.exists() {
            let bytes = fs::read(&entry).map_err(failed(&entry))?;
            replace(&target, &bytes).map_err(failed(&target))?;
        }
    }
    Ok(())
}

fn write(path: &Path, tensors: Vec<(String, Floats)>) -> Result<()> {
    let bytes = safetensors::serialize(tensors, None).map_err(std::io::Error::other);
    let written = bytes.and_then(|bytes| replace(path, &bytes));
    written.map_err(|source| TrainError::File { action: "write", path: path.to_owned(), source })
}

/// The parameters of a module by their names in the published files.
fn tensors<M: Module>(module: &M, naming: &Naming<'_>, precise: Precise) -> Vec<(String, Floats)> {
    let mut collect = Collect { naming, precise, trail: Trail::default(), found: Vec::new() };
    module.visit(&mut collect);
    collect.found
}

struct Collect<'a> {
    naming: &'a Naming<'a>,
    precise: Precise,
    trail: Trail,
    found: Vec<(String, Floats)>,
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.trail.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.trail.exit();
    }

    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let prefix = self.naming.prefixes.last().copied().unwrap_or_default();
        let name = format!("{prefix}{}", self.naming.rename(&self.trail.path()));
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
