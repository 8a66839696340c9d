//! Weights and inputs of random numbers.

use std::path::Path;

use burn::module::Module;
use burn::prelude::*;
use burn::tensor::{DType, FloatDType};
use omnigen2_pipeline::Error;
use omnigen2_pipeline::weights::{
    Archive, Container, Element, Naming, StoredTensor, WeightsError, inventory,
};
use rayon::prelude::*;

const SIZE: usize = size_of::<f32>();

/// A checkpoint of random numbers for a module, in F32 as the published files are, in memory.
pub(crate) fn archive<M: Module>(module: &M, naming: &Naming<'_>) -> Result<Archive, Error> {
    let prefix = naming.prefixes.last().copied().unwrap_or_default();
    let named = |path: &str| naming.name(prefix, path);
    let parameters = inventory(module).into_iter().map(|of| (named(&of.path), of.shape));
    Ok(Archive::from_container(&Random { parameters: parameters.collect() })?)
}

/// The input of this name: numbers of variance 1.
pub(crate) fn input<const D: usize>(
    name: &str,
    dims: [usize; D],
    compute: FloatDType,
    device: &Device,
) -> Tensor<D> {
    let spread = 3f64.sqrt() as f32;
    let numbers = (0..dims.iter().product::<usize>()).into_par_iter();
    let start = start(name);
    let values: Vec<f32> = numbers.map(|index| spread * unit(start, index)).collect();
    Tensor::<D>::from_data(TensorData::new(values, dims), (device, DType::F32)).cast(compute)
}

struct Random {
    /// Names and shapes.
    parameters: Vec<(String, Vec<usize>)>,
}

impl Container for Random {
    fn path(&self) -> &Path {
        Path::new("random numbers")
    }

    fn tensors(&self) -> Result<Vec<StoredTensor>, WeightsError> {
        let tensor = |(name, shape): &(String, Vec<usize>)| StoredTensor {
            name: name.clone(),
            element: Element::F32,
            shape: shape.clone(),
            data: weight(name, shape).into(),
        };
        Ok(self.parameters.iter().map(tensor).collect())
    }
}

/// Numbers of the variance that keeps that of activations; around 1 where they scale.
fn weight(name: &str, shape: &[usize]) -> Vec<u8> {
    let (centre, spread) = match shape {
        [] | [_] if name.ends_with("weight") => (1.0, 0.1),
        [] | [_] => (0.0, 0.02),
        [_, inner @ ..] => (0.0, (3.0 / inner.iter().product::<usize>() as f64).sqrt() as f32),
    };
    let start = start(name);
    let mut bytes = vec![0; shape.iter().product::<usize>() * SIZE];
    bytes.par_chunks_exact_mut(SIZE).enumerate().for_each(|(index, number)| {
        number.copy_from_slice(&(centre + spread * unit(start, index)).to_ne_bytes());
    });
    bytes
}

/// A number from −1 to 1.
fn unit(start: u64, index: usize) -> f32 {
    (mixed(start.wrapping_add(index as u64)) >> 40) as f32 / (1 << 23) as f32 - 1.0
}

/// FNV-1a, so that each name has other numbers.
fn start(name: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    name.bytes().fold(0xcbf2_9ce4_8422_2325, mix)
}

/// SplitMix64.
fn mixed(state: u64) -> u64 {
    let mut x = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_have_the_variance_of_one_and_names_of_their_own() {
        let values = |name| {
            let input = input(name, [1, 4096], FloatDType::F32, &Device::flex());
            input.into_data().try_into_vec::<f32>().unwrap()
        };
        let (first, other) = (values("first"), values("other"));
        let variance = first.iter().map(|x| x * x).sum::<f32>() / first.len() as f32;
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
        assert_ne!(first, other);
        assert_eq!(first, values("first"));
    }
}
