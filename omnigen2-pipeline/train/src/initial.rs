use burn::module::{Module, Param};
use burn::prelude::*;
use burn::tensor::DType;

use super::random::{Generator, Purpose};
use omnigen2_pipeline::weights::{ParameterMapper, map};

/// Endings of the names of weights that begin at 0, so that a fresh block changes nothing: the modulation by time, and
/// what a block of the language model or the vision tower adds to what it is given.
const ZEROS: [&str; 5] = [
    "norm1.linear.weight",
    "norm_out.linear_1.weight",
    "o_proj.weight",
    "attn.proj.weight",
    "down_proj.weight",
];
/// Where the transformer reads text, a normalisation decides how much a block adds.
const READER: &str = "context_refiner.";
const ADDED: [&str; 2] = [".norm2.weight", ".ffn_norm2.weight"];
/// The deviation of rows that are looked up.
const TABLE: f64 = 0.02;
const TABLES: [&str; 2] = ["embed_tokens.weight", "image_index_embedding"];

/// Gives every parameter of a module its first value, which `seed` and its name alone decide: normal numbers of
/// deviation `1/√(inputs)` for weights, 1 for the scales of normalisations, 0 for biases.
pub(crate) fn initialise<M: Module>(module: M, seed: u64) -> M {
    map(module, &mut Initial { seed })
}

struct Initial {
    seed: u64,
}

impl Initial {
    fn values(&self, path: &str, shape: &[usize]) -> Vec<f32> {
        let count = shape.iter().product();
        let ends = |endings: &[&str]| endings.iter().any(|ending| path.ends_with(ending));
        let deviation = match shape {
            [_] if path.ends_with("bias") => return vec![0.0; count],
            [_] if path.contains(READER) && ends(&ADDED) => return vec![0.0; count],
            [_] => return vec![1.0; count],
            _ if ends(&ZEROS) => return vec![0.0; count],
            _ if ends(&TABLES) => TABLE,
            [_, inputs @ ..] => (inputs.iter().product::<usize>() as f64).powf(-0.5),
            [] => 0.0,
        };
        let name = path.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let mut random = Generator::new(self.seed, Purpose::Weights, name);
        (0..count).map(|_| (deviation * random.normal()) as f32).collect()
    }
}

impl ParameterMapper for Initial {
    fn map<const D: usize>(&mut self, path: &str, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape = parameter.lazy_shape();
        let values = self.values(path, shape.as_slice());
        let data = TensorData::new(values, shape.dims::<D>());
        let tensor = Tensor::from_data(data, (&parameter.lazy_device(), DType::F32));
        let id = parameter.id;
        parameter.transform_for_load(tensor, id)
    }
}
