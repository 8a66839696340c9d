use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use burn::module::{Param, Reparameterization};
use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_dit::Dit;
use omnigen2_rope::ops::LowRank;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::error::LoraError;
use super::layers::layer;
use crate::weights::{ParameterVisitor, visit};
use omnigen2_files as files;

/// Writes the adapters that are on a transformer, and them alone, as the reference does:
/// `transformer.{layer}.lora_A.weight` and `…lora_B.weight` in F32. Scales are in the numbers, so that alpha is the
/// rank. The file appears whole or not at all.
///
/// # Errors
/// If there are none, or the file cannot be written.
pub fn save(dit: &Dit, path: impl AsRef<Path>) -> Result<(), LoraError> {
    let path = path.as_ref();
    let mut collect = Collect::default();
    visit(dit, &mut collect);
    let tensors = collect.tensors();
    if tensors.is_empty() {
        return Err(LoraError::NothingToSave);
    }
    write(path, &tensors).map_err(|source| LoraError::Write { path: path.to_owned(), source })
}

fn write(path: &Path, tensors: &[Factor]) -> std::io::Result<()> {
    let views = tensors.iter().map(|factor| {
        let view = TensorView::new(Dtype::F32, factor.shape.clone(), &factor.bytes)?;
        Ok((factor.name.as_str(), view))
    });
    let views =
        views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>().map_err(std::io::Error::other)?;
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(std::io::Error::other)?;
    files::replace(path, &bytes)
}

struct Factor {
    name: String,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// The parameters of all adapters by the paths of the weights that they are on.
#[derive(Default)]
struct Collect {
    found: BTreeMap<String, Parts>,
}

#[derive(Default)]
struct Parts {
    down: Vec<f32>,
    up: Vec<f32>,
    scale: f32,
    widths: [usize; 2],
}

impl Collect {
    fn tensors(self) -> Vec<Factor> {
        let factors = self.found.into_iter().flat_map(|(path, Parts { down, up, scale, widths })| {
            let name = |factor| format!("transformer.{}.{factor}.weight", layer(&path).unwrap_or_default());
            let [input, output] = widths;
            let rank = down.len() / input.max(1);
            [
                factor(name("lora_A"), [rank, input], down.into_iter()),
                factor(name("lora_B"), [output, rank], up.into_iter().map(|x| x * scale)),
            ]
        });
        factors.collect()
    }
}

fn factor(name: String, shape: [usize; 2], numbers: impl Iterator<Item = f32>) -> Factor {
    Factor { name, shape: shape.into(), bytes: numbers.flat_map(f32::to_le_bytes).collect() }
}

impl ParameterVisitor for Collect {
    fn visit<const D: usize>(&mut self, path: &str, parameter: &Param<Tensor<D>>) {
        let Some((weight, part)) = path.rsplit_once(&format!(".{}.", LowRank::NAME)) else { return };
        let parts = self.found.entry(weight.to_owned()).or_default();
        let shape = parameter.lazy_shape();
        let data = parameter.val().cast(DType::F32).into_data();
        let numbers: Vec<f32> = data.iter().collect();
        match part {
            "down" => (parts.widths[0], parts.down) = (shape[1], numbers),
            "up" => (parts.widths[1], parts.up) = (shape[0], numbers),
            _ => parts.scale = numbers.first().copied().unwrap_or(1.0),
        }
    }
}
