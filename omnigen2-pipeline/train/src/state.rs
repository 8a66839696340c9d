//! What a run remembers: weights, moments, averages and where it stands, in one file that is replaced as a whole.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use burn::module::{Module, Param};
use burn::prelude::*;
use burn::tensor::DType;
use safetensors::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use super::average::Average;
use super::error::TrainError;
use super::optimiser::{Moments, Optimiser};
use omnigen2_pipeline::files::{read_bounded, replace};
use omnigen2_pipeline::weights::{ParameterMapper, ParameterVisitor, map, visit};

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
        visit(self.networks, &mut weights);
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
    let bytes = read_bounded(path, u64::MAX).map_err(|source| file("read", path, source))?;
    let wrong = |why| TrainError::State { path: path.to_owned(), why };
    let place = place(&bytes).map_err(wrong)?;
    // On a device that records gradients, averages would be computed with otherwise than in a run that went on.
    let parts = Parts::read(&bytes, &device.clone().inner()).map_err(wrong)?;
    parts.check(&learning(&networks), place, optimiser.settings.muon.is_some()).map_err(wrong)?;
    let Parts { weights, average, first, mut second } = parts;
    optimiser.steps = place.step;
    let moments = first.into_iter().map(|(name, first)| {
        let second = second.remove(&name);
        (name, Moments { first, second })
    });
    optimiser.moments = moments.collect();
    let networks = map(networks, &mut Restore { weights });
    Ok(Saved { networks, average: Average { values: average }, place })
}

/// What a state says about where it stands.
fn place(bytes: &[u8]) -> Result<Place, String> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    let place = header.metadata().as_ref().and_then(|metadata| metadata.get(PLACE));
    place
        .and_then(|place| serde_json::from_str(place).ok())
        .ok_or_else(|| "it does not say where it stands".into())
}

type Named = BTreeMap<String, Tensor<1>>;

/// The numbers of a state by the paths of their parameters.
#[derive(Default)]
struct Parts {
    weights: Named,
    average: Named,
    first: Named,
    second: Named,
}

impl Parts {
    fn read(bytes: &[u8], device: &Device) -> Result<Self, String> {
        let mut parts = Self::default();
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        for (name, view) in tensors.iter() {
            let Some((part, path)) = parts.part(name) else { return Err(format!("it holds {name}")) };
            if view.dtype() != Dtype::F32 {
                return Err(format!("{name} is {}, expected F32", view.dtype()));
            }
            let numbers: Vec<f32> =
                view.data().as_chunks().0.iter().map(|&number| f32::from_le_bytes(number)).collect();
            let count = numbers.len();
            let tensor = Tensor::from_data(TensorData::new(numbers, [count]), (device, DType::F32));
            part.insert(path.to_owned(), tensor);
        }
        Ok(parts)
    }

    /// The part that a tensor belongs to, and the path of its parameter.
    fn part<'a>(&mut self, name: &'a str) -> Option<(&mut Named, &'a str)> {
        let parts = [
            (WEIGHT, &mut self.weights),
            (AVERAGE, &mut self.average),
            (FIRST, &mut self.first),
            (SECOND, &mut self.second),
        ];
        parts.into_iter().find_map(|(prefix, part)| Some((part, name.strip_prefix(prefix)?)))
    }

    /// Holds all numbers against the parameters that learn.
    fn check(
        &self,
        learning: &BTreeMap<String, Vec<usize>>,
        place: Place,
        turns: bool,
    ) -> Result<(), String> {
        let parts =
            [(WEIGHT, &self.weights), (AVERAGE, &self.average), (FIRST, &self.first), (SECOND, &self.second)];
        for (prefix, part) in parts {
            for (path, tensor) in part {
                let found = tensor.dims()[0];
                let shape = learning.get(path).ok_or_else(|| format!("{prefix}{path} is left over"))?;
                let expected = shape.iter().product::<usize>();
                if found != expected {
                    return Err(format!("{prefix}{path} has {found} numbers, expected {expected}"));
                }
            }
        }
        for (path, shape) in learning {
            let lacks = |part: &Named| !part.contains_key(path);
            // A matrix whose steps are made orthogonal has one moment.
            let has_one = turns && shape.len() == 2;
            let missing = [
                (WEIGHT, lacks(&self.weights)),
                (AVERAGE, lacks(&self.average) && place.step > 0),
                (FIRST, lacks(&self.first) && !lacks(&self.second)),
                (SECOND, lacks(&self.second) && !lacks(&self.first) && !has_one),
            ];
            if let Some((prefix, _)) = missing.into_iter().find(|(_, is_missing)| *is_missing) {
                return Err(format!("{prefix}{path} is missing"));
            }
        }
        Ok(())
    }
}

/// The parameters that learn, by their paths, and their axes.
fn learning<M: Module>(module: &M) -> BTreeMap<String, Vec<usize>> {
    let mut learning = Learning::default();
    visit(module, &mut learning);
    learning.found
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
    found: BTreeMap<String, Tensor<1>>,
}

impl ParameterVisitor for Weights {
    fn visit<const D: usize>(&mut self, path: &str, parameter: &Param<Tensor<D>>) {
        let value = parameter.val();
        if value.is_require_grad() {
            let count = value.dims().iter().product::<usize>();
            self.found.insert(path.to_owned(), value.inner().reshape([count]));
        }
    }
}

#[derive(Default)]
struct Learning {
    found: BTreeMap<String, Vec<usize>>,
}

impl ParameterVisitor for Learning {
    fn visit<const D: usize>(&mut self, path: &str, parameter: &Param<Tensor<D>>) {
        if parameter.is_require_grad() {
            self.found.insert(path.to_owned(), parameter.lazy_shape().to_vec());
        }
    }
}

/// Puts weights in place of those that learn, all of which were checked to be there.
struct Restore {
    weights: Named,
}

impl ParameterMapper for Restore {
    fn map<const D: usize>(&mut self, path: &str, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.weights.remove(path) {
            Some(weight) => {
                parameter.map(|value| Tensor::from_inner(weight.reshape(value.dims())).require_grad())
            }
            None => parameter,
        }
    }
}
