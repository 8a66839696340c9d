//! Gaussian noise drawn on the host: the numbers that PyTorch's CPU generator gives for a seed.
//!
//! Noise is drawn on the host from an explicit seed and uploaded, so a seed means the same picture on every
//! backend, and the same starting point as in the reference.

mod mersenne;

use std::f64::consts::TAU;

use mersenne::MersenneTwister;

/// The fewest numbers that are made in blocks instead of one by one.
const BLOCK: usize = 16;

/// `count` numbers of the standard normal distribution, as `torch.randn` gives them after
/// `torch.Generator("cpu").manual_seed(seed)`.
///
/// Noise for several images of one seed, `[images, channels, height, width]`, is drawn in one call of that
/// many numbers, as the reference does; the second image of two is not the first image of another seed. Only
/// the lowest 32 bits of the seed count, as in PyTorch. The numbers equal PyTorch's up to the last bits of
/// its approximate logarithm, sine and cosine.
///
/// ```
/// use omnigen2_pipeline::noise::standard_normal;
///
/// let noise = standard_normal(42, 2 * 16 * 8 * 8);
/// assert_eq!(noise.len(), 2048);
/// assert_eq!(noise, standard_normal(42, 2048));
/// assert!((noise[0] - 1.926_915).abs() < 1e-5);
/// ```
pub fn standard_normal(seed: u64, count: usize) -> Vec<f32> {
    NormalGenerator::new(seed).draw(count)
}

/// PyTorch's CPU generator of normal numbers, for drawing several times from one seed.
#[derive(Clone, Debug)]
pub struct NormalGenerator {
    bits: MersenneTwister,
    /// The second of a pair of numbers drawn one by one, kept for the next draw.
    spare: Option<f64>,
}

impl NormalGenerator {
    /// The generator after `manual_seed(seed)`; only the lowest 32 bits of `seed` count.
    pub fn new(seed: u64) -> Self {
        Self { bits: MersenneTwister::new(seed as u32), spare: None }
    }

    /// The next `count` numbers, as one call of `torch.randn` draws them.
    ///
    /// How numbers are made depends on `count`: two draws of 8 differ from one of 16.
    pub fn draw(&mut self, count: usize) -> Vec<f32> {
        if count < BLOCK {
            return (0..count).map(|_| self.next_normal() as f32).collect();
        }
        let mut values: Vec<f32> = (0..count).map(|_| self.uniform_f32()).collect();
        let (blocks, tail) = values.as_chunks_mut::<BLOCK>();
        blocks.iter_mut().for_each(box_muller);
        if !tail.is_empty()
            && let Some(last) = values.last_chunk_mut::<BLOCK>()
        {
            last.fill_with(|| self.uniform_f32());
            box_muller(last);
        }
        values
    }

    fn next_normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let theta = TAU * self.uniform_f64();
        let radius = (-2.0 * (-self.uniform_f64()).ln_1p()).sqrt();
        self.spare = Some(radius * theta.sin());
        radius * theta.cos()
    }

    /// A number in `[0, 1)` of 24 random bits.
    fn uniform_f32(&mut self) -> f32 {
        (self.bits.next_u32() & 0xFF_FFFF) as f32 / (1 << 24) as f32
    }

    /// A number in `[0, 1)` of 53 random bits.
    fn uniform_f64(&mut self) -> f64 {
        let high = u64::from(self.bits.next_u32());
        let bits = high << 32 | u64::from(self.bits.next_u32());
        (bits & ((1 << 53) - 1)) as f64 / (1_u64 << 53) as f64
    }
}

/// Turns uniform numbers into normal ones: the first half gives the radii, the second the angles.
///
/// F64 functions rounded once give the same numbers on every platform, which F32 ones do not.
fn box_muller(block: &mut [f32; BLOCK]) {
    let (first, second) = block.split_at_mut(BLOCK / 2);
    for (a, b) in first.iter_mut().zip(second) {
        let radius = (-2.0 * f64::from(1.0 - *a).ln()).sqrt();
        let theta = f64::from(std::f32::consts::TAU * *b);
        *a = (radius * theta.cos()) as f32;
        *b = (radius * theta.sin()) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean of a million normal numbers strays by a thousandth; five times that is never reached by chance.
    const SAMPLING_ERROR: f64 = 5e-3;

    #[test]
    fn only_the_lowest_32_bits_of_a_seed_count() {
        assert_eq!(standard_normal(7, 40), standard_normal(7 + (1 << 32), 40));
        assert_ne!(standard_normal(7, 40), standard_normal(8, 40));
    }

    #[test]
    fn the_distribution_is_standard_normal() {
        let values = standard_normal(3, 1_000_000);
        let count = values.len() as f64;
        let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        let variance = values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / count;
        assert!(mean.abs() < SAMPLING_ERROR, "mean {mean}");
        assert!((variance - 1.0).abs() < SAMPLING_ERROR, "variance {variance}");
    }

    #[test]
    fn every_count_gives_that_many_finite_numbers() {
        for count in 0..70 {
            let values = standard_normal(1, count);
            assert_eq!(values.len(), count);
            assert!(values.iter().all(|x| x.is_finite()));
        }
    }

    #[test]
    fn a_tail_redraws_the_last_block() {
        let whole = standard_normal(5, 32);
        let longer = standard_normal(5, 33);
        assert_eq!(whole[..16], longer[..16]);
        assert_ne!(whole[17..], longer[17..32]);
    }

    #[test]
    fn numbers_drawn_one_by_one_continue() {
        let mut generator = NormalGenerator::new(9);
        let mut parts = generator.draw(3);
        parts.extend(generator.draw(4));
        assert_eq!(parts, standard_normal(9, 7));
    }
}
