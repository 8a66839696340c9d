//! Random choices as a function of a seed, what they are for and an index.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// What choices are made for. No two purposes share their choices.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Scene,
    TextToImage,
    Edit,
    InContext,
    Talk,
    Review,
    Description,
    Botch,
}

/// The choices of one example.
#[derive(Clone, Debug)]
pub(super) struct Dice(Pcg64);

impl Dice {
    /// `space` sets apart what one seed and purpose are used for.
    pub(super) fn new(seed: u64, [space, index]: [u64; 2], purpose: Purpose) -> Self {
        let words = [seed, space << 8 | purpose as u64, index];
        // The generator's own seeding drops a bit of its stream, and neighbouring streams are alike.
        let mut state = words.into_iter().fold(0, |state, word| mixed(state ^ word));
        let mut bytes = [0; 32];
        for bytes in bytes.chunks_exact_mut(8) {
            state = mixed(state);
            bytes.copy_from_slice(&state.to_le_bytes());
        }
        Self(Pcg64::from_seed(bytes))
    }

    /// In [-1, 1).
    pub(super) fn around(&mut self) -> f32 {
        self.0.random_range(-1.0..1.0)
    }

    /// Below `end`, which is at least 1.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end.max(1))
    }

    /// True this often.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.0.random::<f64>() < probability
    }

    /// One of some.
    pub(super) fn of<T: Copy, const N: usize>(&mut self, values: [T; N]) -> T {
        values[self.below(N)]
    }

    /// One of a list; `None` if it is empty.
    pub(super) fn pick<T: Copy>(&mut self, values: &[T]) -> Option<T> {
        values.get(self.below(values.len())).copied()
    }

    /// One of some but not this one.
    pub(super) fn other<T: Copy + PartialEq, const N: usize>(&mut self, values: [T; N], not: T) -> T {
        let rest: Vec<T> = values.into_iter().filter(|value| *value != not).collect();
        self.pick(&rest).unwrap_or(not)
    }

    /// The index of a weight, as often as it weighs.
    pub(super) fn weighted(&mut self, weights: &[usize]) -> usize {
        let mut left = self.below(weights.iter().sum());
        let chosen = weights.iter().position(|&weight| {
            let found = left < weight;
            left = left.saturating_sub(weight);
            found
        });
        chosen.unwrap_or(0)
    }

    /// Puts values in a random order (Fisher and Yates).
    pub(super) fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last + 1));
        }
    }
}

/// The next output of SplitMix64 (Steele, Lea and Flood, 2014).
fn mixed(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
