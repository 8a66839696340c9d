//! The tiny checkpoint and deterministic inputs.

use std::path::{Path, PathBuf};

use burn::module::{ModuleMapper, Param};
use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_vae::{Vae, VaeConfig};
use safetensors::SafeTensors;

/// Below the pipeline's fixtures, which the whole workspace shares.
pub(crate) fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../omnigen2-pipeline/tests/fixtures").join(path)
}

/// The autoencoder of the tiny checkpoint, its weights in F32.
pub(crate) fn tiny() -> Vae {
    let config = std::fs::read(fixture("tiny-checkpoint/vae/config.json")).unwrap();
    let config: VaeConfig = serde_json::from_slice(&config).unwrap();
    let bytes = std::fs::read(fixture("tiny-checkpoint/vae/diffusion_pytorch_model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut fill = Fill { path: Vec::new(), file: &file, filled: 0 };
    let vae = config.init(&Device::flex()).map(&mut fill);
    assert_eq!(fill.filled, file.len());
    vae
}

/// A tensor of a file, of F32.
pub(crate) fn read<const D: usize>(file: &SafeTensors<'_>, name: &str) -> Tensor<D> {
    let view = file.tensor(name).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(view.dtype(), safetensors::Dtype::F32, "{name}");
    let values: Vec<f32> = view.data().as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
    Tensor::from_data(TensorData::new(values, view.shape().to_vec()), &Device::flex())
}

/// Numbers between −1 and 1 that look random and are always the same.
pub(crate) fn pattern(dims: [usize; 4]) -> Tensor<4> {
    let values: Vec<f32> = (0..dims.iter().product::<usize>())
        .map(|i| (i as f32 * 12.9898).sin() * 43_758.547)
        .map(|x| 2.0 * x.fract())
        .map(|x| x.clamp(-1.0, 1.0))
        .collect();
    Tensor::from_data(TensorData::new(values, dims), &Device::flex())
}

/// The largest difference between two tensors of one shape.
pub(crate) fn distance<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    assert_eq!(a.dims(), b.dims());
    (a.cast(DType::F32) - b.cast(DType::F32)).abs().max().into_scalar::<f32>()
}

/// A module of which every floating-point parameter is cast.
pub(crate) struct CastTo(pub(crate) DType);

impl ModuleMapper for CastTo {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        parameter.map(|values| values.cast(self.0))
    }
}

struct Fill<'a> {
    path: Vec<String>,
    file: &'a SafeTensors<'a>,
    filled: usize,
}

impl ModuleMapper for Fill<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let values = read::<D>(self.file, &self.path.join("."));
        assert_eq!(parameter.lazy_shape(), values.shape());
        self.filled += 1;
        let id = parameter.id;
        parameter.transform_for_load(values, id)
    }
}
