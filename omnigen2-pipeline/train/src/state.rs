//! What a run remembers: weights, moments, averages and where it stands, in one file that is replaced as a whole.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::prelude::*;
use burn::tensor::DType;
use safetensors::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use super::average::Average;
use super::error::TrainError;
use super::optimiser::{Moments, Optimiser};
use omnigen2_pipeline::weights::Trail;
use omnigen2_pipeline::whole::replace;

const WEIGHT: &str = "weight/";
const FIRST: &str = "first/";
const SECOND: &str = "second/";
const AVERAGE: &str = "average/";
const PLACE: &str = "place";

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Steps that are done.
    pub(crate) step: u64,
    /// Blocks of examples that are used up.
    pub(crate) block: u64,
    /// Batches of the next block that are used up.
    pub(crate) batch: u64,
}

/// What is saved.
pub(crate) struct State<'a, M> {
    pub(crate) networks: &'a M,
    pub(crate) optimiser: &'a Optimiser,
    pub(crate) average: &'a Average,
    pub(crate) place: Place,
}

impl<M: Module> State<'_, M> {
    /// Writes beside `path`, then renames.
    pub(crate) fn save(&self, path: &Path) -> Result<(), TrainError> {
        let mut numbers = Vec::new();
        let mut weights = Weights::default();
        self.networks.visit(&mut weights);
        let prefixed =
            |prefix: &str, (name, tensor): (&String, &Tensor<1>)| (format!("{prefix}{name}"), floats(tensor));
        numbers.extend(weights.found.iter().map(|entry| prefixed(WEIGHT, entry)));
        numbers.extend(self.average.values.iter().map(|entry| prefixed(AVERAGE, entry)));
        for (name, moments) in &self.optimiser.moments {
            numbers.push(prefixed(FIRST, (name, &moments.first)));
            numbers.extend(moments.second.iter().map(|second| prefixed(SECOND, (name, second))));
        }
        let place = serde_json::to_string(&self.place).map_err(std::io::Error::other);
        let place = place.map_err(|source| file("write", path, source))?;
        let metadata = HashMap::from([(PLACE.to_owned(), place)]);
        let bytes = safetensors::serialize(numbers, Some(metadata)).map_err(std::io::Error::other);
        let bytes = bytes.map_err(|source| file("write", path, source))?;
        replace(path, &bytes).map_err(|source| file("write", path, source))
    }
}

/// What was saved, read back into a fresh run.
pub(crate) struct Saved<M> {
    pub(crate) networks: M,
    pub(crate) average: Average,
    pub(crate) place: Place,
}

/// Reads a state into networks and an optimiser of the same run.
pub(crate) fn load<M: Module>(
    path: &Path,
    networks: M,
    optimiser: &mut Optimiser,
    device: &Device,
) -> Result<Saved<M>, TrainError> {
    let wrong = |why: String| TrainError::State { path: path.to_owned(), why };
    let bytes = std::fs::read(path).map_err(|source| file("read", path, source))?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| wrong(error.to_string()))?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| wrong(error.to_string()))?;
    let place = header.metadata().as_ref().and_then(|metadata| metadata.get(PLACE));
    let place: Place = place
        .and_then(|place| serde_json::from_str(place).ok())
        .ok_or_else(|| wrong("it does not say where it stands".into()))?;
    let mut parts: [BTreeMap<String, Tensor<1>>; 4] = Default::default();
    for (name, view) in tensors.iter() {
        let part = [WEIGHT, AVERAGE, FIRST, SECOND].iter().position(|prefix| name.starts_with(prefix));
        let Some((part, (_, name))) = part.zip(name.split_once('/')) else {
            return Err(wrong(format!("it holds {name}")));
        };
        let numbers: Vec<f32> =
            view.data().as_chunks().0.iter().map(|&number| f32::from_le_bytes(number)).collect();
        let count = numbers.len();
        let tensor = Tensor::from_data(TensorData::new(numbers, [count]), (device, DType::F32));
        parts[part].insert(name.to_owned(), tensor);
    }
    let [weights, average, first, mut second] = parts;
    let mut restore = Restore { weights, trail: Trail::default(), wrong: None };
    let networks = networks.map(&mut restore);
    if let Some(why) =
        restore.wrong.or_else(|| restore.weights.keys().next().map(|name| format!("{name} is left over")))
    {
        return Err(wrong(why));
    }
    optimiser.steps = place.step;
    for (name, first) in first {
        let second = second.remove(&name);
        if second.is_none() && optimiser.settings.muon.is_none() {
            return Err(wrong(format!("{name} has one moment")));
        }
        optimiser.moments.insert(name, Moments { first, second });
    }
    Ok(Saved { networks, average: Average { values: average }, place })
}

pub(crate) fn file(action: &'static str, path: &Path, source: std::io::Error) -> TrainError {
    TrainError::File { action, path: path.to_owned(), source }
}

/// Numbers on their way into a file.
pub(crate) struct Floats {
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) dtype: Dtype,
}

impl View for Floats {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

fn floats(tensor: &Tensor<1>) -> Floats {
    let bytes = tensor.to_data().iter::<f32>().flat_map(f32::to_le_bytes).collect();
    Floats { shape: tensor.dims().to_vec(), bytes, dtype: Dtype::F32 }
}

#[derive(Default)]
struct Weights {
    trail: Trail,
    found: BTreeMap<String, Tensor<1>>,
}

impl ModuleVisitor for Weights {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.trail.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.trail.exit();
    }

    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let value = parameter.val();
        if value.is_require_grad() {
            let count = value.dims().iter().product::<usize>();
            self.found.insert(self.trail.path(), value.inner().reshape([count]));
        }
    }
}

struct Restore {
    weights: BTreeMap<String, Tensor<1>>,
    trail: Trail,
    wrong: Option<String>,
}

impl ModuleMapper for Restore {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.trail.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.trail.exit();
    }

    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !parameter.is_require_grad() {
            return parameter;
        }
        let path = self.trail.path();
        let expected = parameter.lazy_shape().num_elements();
        match self.weights.remove(&path) {
            Some(weight) if weight.dims()[0] == expected => {
                parameter.map(|value| Tensor::from_inner(weight.reshape(value.dims())).require_grad())
            }
            Some(weight) => {
                self.wrong = Some(format!("{path} has {} numbers instead of {expected}", weight.dims()[0]));
                parameter
            }
            None => {
                self.wrong = Some(format!("{path} is missing"));
                parameter
            }
        }
    }
}
