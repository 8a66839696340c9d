//! Tensors of given numbers, and distances between tensors.

use burn::prelude::*;
use burn::tensor::DType;

/// Numbers that a seed stands for, evenly spread over [−1, 1).
pub fn uniform<const D: usize>(seed: u64, dims: [usize; D]) -> Tensor<D> {
    let mut state = seed;
    let values: Vec<f32> = (0..dims.iter().product()).map(|_| next(&mut state)).collect();
    Tensor::from_data(TensorData::new(values, dims), &Device::flex())
}

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
fn next(state: &mut u64) -> f32 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let bits = (mixed ^ (mixed >> 31)) >> 40;
    bits as f32 / (1u32 << 23) as f32 - 1.0
}

/// The numbers of a tensor, in F32.
pub fn numbers<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.cast(DType::F32).into_data().try_into_vec().unwrap()
}

/// The largest difference of two tensors of one shape.
pub fn difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    assert_eq!(a.dims(), b.dims());
    numbers(a).into_iter().zip(numbers(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
