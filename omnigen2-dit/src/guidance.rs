use burn::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Branches, Moment, VelocityField};

/// Classifier-free guidance (arXiv 2207.12598) by text and by reference images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Guidance {
    /// How strongly the prompt pulls; at most 1 is no guidance at all.
    pub text: f64,
    /// How strongly the references pull; at most 1 leaves them to the text's guidance.
    pub image: f64,
    /// Guided are the steps `i` of `n` with `range[0] ≤ i / n ≤ range[1]`.
    pub range: [f64; 2],
}

impl Default for Guidance {
    /// The reference's example scripts: text 5, image 2, every step.
    fn default() -> Self {
        Self { text: 5.0, image: 2.0, range: [0.0, 1.0] }
    }
}

/// A guidance branch, by what it sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branch {
    /// The prompt and the references.
    Full,
    /// The negative prompt and the references.
    References,
    /// The negative prompt alone.
    Negative,
}

impl Guidance {
    /// No guidance: one branch at every step.
    pub const NONE: Self = Self { text: 1.0, image: 1.0, range: [0.0, 1.0] };

    /// The branches that this guidance needs for an image with so many references. The first is always
    /// [`Branch::Full`].
    pub fn branches(&self, references: usize) -> &'static [Branch] {
        match (self.text > 1.0, self.image > 1.0 && references > 0) {
            (false, _) => &[Branch::Full],
            (true, false) => &[Branch::Full, Branch::Negative],
            (true, true) => &[Branch::Full, Branch::References, Branch::Negative],
        }
    }

    fn guides(&self, at: Moment) -> bool {
        let place = at.step as f64 / at.steps as f64;
        (self.range[0]..=self.range[1]).contains(&place)
    }
}

/// Several branches under guidance: itself a field.
///
/// # Panics
/// Its velocity panics if the branches answer with fewer velocities than they were asked for.
#[derive(Debug)]
pub struct Guided<B> {
    branches: B,
    guidance: Guidance,
    count: usize,
}

impl<B: Branches> Guided<B> {
    /// `branches` must be those that [`Guidance::branches`] names for `references`, in that order.
    pub fn new(branches: B, guidance: Guidance, references: usize) -> Self {
        Self { branches, guidance, count: guidance.branches(references).len() }
    }
}

impl<B: Branches> VelocityField for Guided<B> {
    fn velocity(&mut self, x: Tensor<4>, at: Moment) -> Tensor<4> {
        let Guidance { text, image, .. } = self.guidance;
        let wanted: &[usize] = match self.count {
            2 if self.guidance.guides(at) => &[0, 1],
            3 if self.guidance.guides(at) => &[0, 1, 2],
            _ => &[0],
        };
        let velocities = self.branches.velocities(x, at, wanted);
        assert_eq!(velocities.len(), wanted.len(), "every branch that is asked must answer");
        let mut velocities = velocities.into_iter();
        match (velocities.next(), velocities.next(), velocities.next()) {
            (Some(full), None, _) => full,
            (Some(full), Some(negative), None) => negative.clone() + (full - negative) * text,
            (Some(full), Some(references), Some(negative)) => {
                negative.clone() + (references.clone() - negative) * image + (full - references) * text
            }
            (None, ..) => unreachable!("at least one branch is asked"),
        }
    }
}
