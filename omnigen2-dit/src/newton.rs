//! Newton's interpolation over time.

use burn::prelude::*;
use burn::tensor::DType;

/// The most times that are remembered: the third difference tells how far quadratic extrapolation is off.
const MOST_TERMS: usize = 4;
/// The furthest ahead that a value may lie, as a part of how far back those reach that tell the error.
const REACH: f64 = 0.5;
/// Of times from 0 to 1.
const ROUNDING: f64 = 1e-9;

/// A tensor at some times, newest first, as Newton's divided differences: the terms of the polynomial through all of
/// them, of which each tells how far the sum of those before it is off.
#[derive(Clone, Debug, Default)]
pub(crate) struct Newton {
    terms: Vec<Term>,
}

/// The divided difference over the newest times.
#[derive(Clone, Debug)]
struct Term {
    /// The oldest of the times.
    time: f64,
    difference: Tensor<4>,
    /// The length of the difference over that of a tensor of reference, of the image of the batch where it is longest.
    length: f64,
}

/// What is foretold for a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Foretold {
    /// The number of terms to sum.
    pub(crate) terms: usize,
    /// The length of the first term that is left out.
    pub(crate) error: f64,
}

impl Newton {
    /// Adds the value at a later time, with lengths relative to those of `reference`; all terms are forgotten where
    /// the device fails to tell lengths.
    ///
    /// # Shapes
    /// - value and reference: `[batch, channels, height, width]`
    pub(crate) fn add(&mut self, time: f64, value: Tensor<4>, reference: Tensor<4>) {
        let mut differences = vec![value];
        let mut times = vec![time];
        for (order, term) in self.terms.iter().take(MOST_TERMS - 1).enumerate() {
            differences.push((differences[order].clone() - term.difference.clone()) / (time - term.time));
            times.push(term.time);
        }
        let lengths = lengths(&differences, reference).unwrap_or_default();
        let terms = times.into_iter().zip(differences).zip(lengths);
        self.terms = terms.map(|((time, difference), length)| Term { time, difference, length }).collect();
    }

    /// Chooses how a value is foretold best, if the times reach back far enough.
    pub(crate) fn foretell(&self, time: f64) -> Option<Foretold> {
        let newest = self.terms.first()?.time;
        let mut distance = 1.0;
        let errors = self.terms.windows(2).zip(1..).map(|(pair, terms)| {
            distance *= (time - pair[0].time).abs();
            let reach = REACH * (newest - pair[1].time) + ROUNDING;
            (time - newest <= reach).then_some(Foretold { terms, error: pair[1].length * distance })
        });
        errors.flatten().min_by(|a, b| a.error.total_cmp(&b.error))
    }

    /// The sum of the first terms at a time.
    ///
    /// # Panics
    /// If there are no terms.
    pub(crate) fn at(&self, time: f64, terms: usize) -> Tensor<4> {
        let mut distance = 1.0;
        let mut sum = self.terms[0].difference.clone();
        for pair in self.terms[..terms].windows(2) {
            distance *= time - pair[0].time;
            sum = sum + pair[1].difference.clone() * distance;
        }
        sum
    }
}

/// The length of each tensor over the reference's, of the image of the batch where that is most.
fn lengths(tensors: &[Tensor<4>], reference: Tensor<4>) -> Option<Vec<f64>> {
    let length = |x: Tensor<4>| x.cast(DType::F32).square().flatten::<2>(1, 3).sum_dim(1).sqrt();
    let reference = length(reference);
    let relative = tensors.iter().map(|tensor| (length(tensor.clone()) / reference.clone()).max());
    let lengths = Tensor::<1>::cat(relative.collect(), 0).try_into_data().ok()?;
    lengths.try_to_vec::<f32>().ok().map(|lengths| lengths.into_iter().map(f64::from).collect())
}
