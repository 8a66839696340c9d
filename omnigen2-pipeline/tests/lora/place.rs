//! Small adapters in files of their own.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use burn::prelude::*;
use omnigen2_dit::{Dit, DitConfig, FlowBatch};
use omnigen2_pipeline::lora::{Adapter, LoraError};
use omnigen2_pipeline::noise::standard_normal;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use tempfile::TempDir;

/// A tensor of an adapter.
#[derive(Clone)]
pub(crate) struct Factor {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) numbers: Vec<f32>,
}

/// A folder that goes with the test.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, factors: &[Factor]) -> PathBuf {
        self.write_with(name, factors, None)
    }

    pub(crate) fn write_with(&self, name: &str, factors: &[Factor], metadata: Option<&str>) -> PathBuf {
        let bytes = |factor: &Factor| factor.numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        let bytes: Vec<Vec<u8>> = factors.iter().map(bytes).collect();
        let views = factors.iter().zip(&bytes).map(|(factor, bytes)| {
            (factor.name.clone(), TensorView::new(Dtype::F32, factor.shape.clone(), bytes).unwrap())
        });
        let metadata =
            metadata.map(|text| HashMap::from([("lora_adapter_metadata".to_owned(), text.to_owned())]));
        let path = self.file(name);
        std::fs::write(&path, safetensors::serialize(views, metadata).unwrap()).unwrap();
        path
    }

    /// An adapter of two layers.
    pub(crate) fn adapter(&self, seed: u64) -> Adapter {
        let factors = [
            layer("layers.0.attn.to_q", [24, 24], seed),
            layer("layers.1.attn.to_out.0", [24, 24], seed + 9),
        ];
        Adapter::open(self.write(&format!("{seed}.safetensors"), &factors.concat())).unwrap()
    }
}

pub(crate) fn factor(name: &str, shape: &[usize], seed: u64) -> Factor {
    let numbers = standard_normal(seed, shape.iter().product()).into_iter().map(|x| 0.3 * x).collect();
    Factor { name: name.into(), shape: shape.to_vec(), numbers }
}

/// Both factors of rank 2 of a layer `[output, input]`, as the reference writes them.
pub(crate) fn layer(name: &str, [output, input]: [usize; 2], seed: u64) -> Vec<Factor> {
    vec![
        factor(&format!("transformer.{name}.lora_A.weight"), &[2, input], seed),
        factor(&format!("transformer.{name}.lora_B.weight"), &[output, 2], seed + 1),
    ]
}

pub(crate) fn tiny(device: &Device) -> Dit {
    DitConfig::tiny().init(device)
}

pub(crate) fn batch(device: &Device) -> FlowBatch {
    let random = |seed, shape: [usize; 4]| {
        let numbers = standard_normal(seed, shape.iter().product());
        Tensor::<4>::from_data(TensorData::new(numbers, shape), device)
    };
    FlowBatch {
        latents: random(1, [1, 4, 4, 6]),
        noise: random(2, [1, 4, 4, 6]),
        times: vec![0.4],
        text: random(3, [1, 1, 5, 16]).reshape([1, 5, 16]),
        references: vec![random(4, [1, 4, 2, 2])],
    }
}

pub(crate) fn velocity(dit: &Dit) -> Vec<f32> {
    dit.flow_velocity(batch(&Device::flex())).unwrap().into_data().try_into_vec().unwrap()
}

pub(crate) fn difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// What opening and checking an adapter says.
pub(crate) fn opened(path: &Path) -> Result<Adapter, LoraError> {
    let adapter = Adapter::open(path)?;
    adapter.check(&tiny(&Device::flex())).map(|()| adapter)
}
