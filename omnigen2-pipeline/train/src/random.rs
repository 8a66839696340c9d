//! Random numbers as a function of a seed, what they are for and how many were asked for before, so that a run that is
//! started again needs to remember none.

use burn::prelude::*;
use burn::tensor::DType;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use omnigen2_pipeline::noise::standard_normal;

/// What numbers are drawn for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Weights,
    Order,
    Step,
    Kind,
    Pass,
    Source,
}

/// The generator of one purpose at one place of a run.
#[derive(Clone, Debug)]
pub(crate) struct Generator(Pcg64);

impl Generator {
    pub(crate) fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        // The generator ignores single bits of its seed, so that all words are mixed first.
        let mut state = mix(mix(mix(seed) ^ purpose as u64) ^ index);
        let mut bytes = [0; 32];
        for bytes in bytes.chunks_exact_mut(8) {
            state = mix(state);
            bytes.copy_from_slice(&state.to_le_bytes());
        }
        Self(Pcg64::from_seed(bytes))
    }

    /// In [0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0.random()
    }

    /// Of the standard normal distribution (Box and Muller, 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let (radius, angle) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }

    /// Puts values in a random order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last + 1));
        }
    }

    /// Standard normal numbers in a tensor.
    pub(crate) fn noise<const D: usize>(&mut self, shape: [usize; D], device: &Device) -> Tensor<D> {
        let numbers = standard_normal(self.0.random(), shape.iter().product());
        Tensor::from_data(TensorData::new(numbers, shape), (device, DType::F32))
    }
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let state = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ state >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ state >> 31
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_place_of_a_run_has_its_own_numbers() {
        let draw = |seed, index| Generator::new(seed, Purpose::Step, index).uniform();
        assert_eq!(draw(1, 2), draw(1, 2));
        let draws: BTreeSet<u64> = (0..1000).map(|index| draw(1, index).to_bits()).collect();
        assert_eq!(draws.len(), 1000);
        assert_ne!(draw(1, 2), draw(2, 2));
    }

    #[test]
    fn normal_numbers_have_mean_0_and_variance_1() {
        let mut random = Generator::new(3, Purpose::Step, 0);
        let draws: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }

    #[test]
    fn shuffling_keeps_all() {
        let mut values: Vec<usize> = (0..50).collect();
        Generator::new(3, Purpose::Order, 0).shuffle(&mut values);
        assert_ne!(values, (0..50).collect::<Vec<_>>());
        values.sort_unstable();
        assert_eq!(values, (0..50).collect::<Vec<_>>());
    }
}
