//! A small module and files that fit it.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::Initializer;
use burn::prelude::*;
use half::{bf16, f16};
use omnigen2_rope::ops::{Linear, RmsNorm};
use omnigen2_weights::{Naming, inventory};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

pub(crate) const TOY: Naming<'static> = Naming::of("toy");

#[derive(Module, Debug)]
pub(crate) struct Toy {
    pub(crate) embed: Linear,
    pub(crate) blocks: Vec<Block>,
    pub(crate) conv: Param<Tensor<4>>,
}

#[derive(Module, Debug)]
pub(crate) struct Block {
    pub(crate) norm: RmsNorm,
    pub(crate) to_out: Vec<Linear>,
    pub(crate) gate: Gate,
}

#[derive(Module, Debug)]
pub(crate) enum Gate {
    Plain(Linear),
}

impl Toy {
    pub(crate) fn new(blocks: usize) -> Self {
        let device = Device::flex();
        let block = |_| Block {
            norm: RmsNorm::new(6, 1e-5, &device),
            to_out: vec![Linear::new(6, 6, &device)],
            gate: Gate::Plain(Linear::with_bias(6, 4, &device)),
        };
        Self {
            embed: Linear::with_bias(4, 6, &device),
            blocks: (0..blocks).map(block).collect(),
            conv: Initializer::Ones.init([2, 3, 3, 3], &device),
        }
    }
}

/// The tensors of a file.
#[derive(Clone, Default)]
pub(crate) struct Tensors(pub(crate) BTreeMap<String, Stored>);

#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

impl Tensors {
    /// Tensors for all parameters of `module`, of values that every float type holds exactly.
    pub(crate) fn of<M: Module>(module: &M, dtype: Dtype) -> Self {
        let mut tensors = Self::default();
        for parameter in inventory(module) {
            tensors.add(&parameter.path, dtype, &parameter.shape);
        }
        tensors
    }

    pub(crate) fn add(&mut self, name: &str, dtype: Dtype, shape: &[usize]) {
        let salt = self.0.len();
        let count = shape.iter().product::<usize>();
        let values = (0..count).map(|i| ((salt * 31 + i * 7) % 200) as f32 / 8.0 - 12.0);
        let bytes = values.flat_map(|x| encode(x, dtype)).collect();
        self.0.insert(name.to_owned(), Stored { dtype, shape: shape.to_vec(), bytes });
    }

    pub(crate) fn renamed(self, rename: impl Fn(&str) -> String) -> Self {
        Self(self.0.into_iter().map(|(name, stored)| (rename(&name), stored)).collect())
    }

    pub(crate) fn save(&self, path: &Path) {
        let views = self.0.iter().map(|(name, stored)| {
            (name, TensorView::new(stored.dtype, stored.shape.clone(), &stored.bytes).unwrap())
        });
        safetensors::serialize_to_file(views, None, path).unwrap();
    }

    /// Every tensor in a shard of its own, with the index that says so.
    pub(crate) fn save_shards(&self, folder: &Path) {
        let mut weight_map = BTreeMap::new();
        for (i, (name, stored)) in self.0.iter().enumerate() {
            let shard = format!("model-{i:05}.safetensors");
            Self(BTreeMap::from([(name.clone(), stored.clone())])).save(&folder.join(&shard));
            weight_map.insert(name, shard);
        }
        let index = serde_json::json!({ "metadata": { "total_size": 0 }, "weight_map": weight_map });
        std::fs::write(folder.join("model.safetensors.index.json"), index.to_string()).unwrap();
    }
}

fn encode(x: f32, dtype: Dtype) -> Vec<u8> {
    match dtype {
        Dtype::F32 => x.to_le_bytes().to_vec(),
        Dtype::F16 => f16::from_f32(x).to_le_bytes().to_vec(),
        Dtype::BF16 => bf16::from_f32(x).to_le_bytes().to_vec(),
        Dtype::I64 => (x as i64).to_le_bytes().to_vec(),
        other => unreachable!("{other:?} is in no test"),
    }
}

/// A file of this header and data, whether or not they fit.
pub(crate) fn save_raw(path: &Path, header: &str, data: &[u8]) {
    let length = (header.len() as u64).to_le_bytes();
    std::fs::write(path, [&length[..], header.as_bytes(), data].concat()).unwrap();
}

/// The values of all parameters, by path.
pub(crate) fn values<M: Module>(module: &M) -> BTreeMap<String, Vec<f32>> {
    #[derive(Default)]
    struct Values(Vec<Vec<f32>>);
    impl ModuleVisitor for Values {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            self.0.push(parameter.val().try_into_vec_as().unwrap());
        }
    }
    let mut values = Values::default();
    module.visit(&mut values);
    inventory(module).into_iter().map(|parameter| parameter.path).zip(values.0).collect()
}
