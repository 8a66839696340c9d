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

/// The numbers of a tensor: each is a function of the tensor's name and of its own index, as `cargo xtask synth` writes
/// them.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    start: u64,
    centre: f32,
    spread: f32,
}

impl Numbers {
    /// Weights of the variance that keeps that of activations; around 1 where they scale.
    pub fn weight(name: &str, shape: &[usize]) -> Self {
        let (centre, spread) = match shape {
            [] | [_] if name.ends_with("weight") => (1.0, 0.1),
            [] | [_] => (0.0, 0.02),
            [_, inner @ ..] => (0.0, (3.0 / inner.iter().product::<usize>() as f64).sqrt() as f32),
        };
        Self { start: fnv_1a(name), centre, spread }
    }

    /// Numbers between −√3 and √3, of variance 1.
    pub fn input(name: &str) -> Self {
        Self { start: fnv_1a(name), centre: 0.0, spread: 3f64.sqrt() as f32 }
    }

    /// The first numbers.
    pub fn first(self, count: usize) -> impl IndexedParallelIterator<Item = f32> {
        (0..count).into_par_iter().map(move |index| self.get(index as u64))
    }

    fn get(self, index: u64) -> f32 {
        let random = splitmix(self.start.wrapping_add(index)) >> 40;
        let unit = 2.0 * (random as f32 / (1 << 24) as f32) - 1.0;
        self.centre + self.spread * unit
    }
}

/// The input of this name: numbers of variance 1.
pub(crate) fn input<const D: usize>(
    name: &str,
    dims: [usize; D],
    compute: FloatDType,
    device: &Device,
) -> Tensor<D> {
    let values: Vec<f32> = Numbers::input(name).first(dims.iter().product()).collect();
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

fn weight(name: &str, shape: &[usize]) -> Vec<u8> {
    let mut bytes = vec![0; shape.iter().product::<usize>() * SIZE];
    let numbers = Numbers::weight(name, shape).first(bytes.len() / SIZE);
    let places = bytes.par_chunks_exact_mut(SIZE);
    places.zip(numbers).for_each(|(place, number)| place.copy_from_slice(&number.to_ne_bytes()));
    bytes
}

fn fnv_1a(text: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, mix)
}

fn splitmix(state: u64) -> u64 {
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
