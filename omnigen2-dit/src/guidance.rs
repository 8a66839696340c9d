use std::fmt;
use std::str::FromStr;

use burn::prelude::*;
use serde::{Deserialize, Serialize};

use crate::branch::{Branch, Branches, PerBranch};
use crate::error::ParseError;
use crate::flow::{Moment, VelocityField};

/// Classifier-free guidance (arXiv 2207.12598) by text and by reference images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guidance {
    /// The strength with which the prompt pulls; at most 1 is no guidance at all.
    pub text: f64,
    /// The strength with which the references pull; at most 1 leaves them to the text's guidance.
    pub image: f64,
    /// The steps `i` of `n` that are guided: those with `range[0] ≤ i / n ≤ range[1]`.
    pub range: [f64; 2],
}

impl Default for Guidance {
    /// The reference's example scripts: text 5, image 2, every step.
    fn default() -> Self {
        Self { text: 5.0, image: 2.0, range: [0.0, 1.0] }
    }
}

impl Guidance {
    /// No guidance: one branch at every step.
    pub const NONE: Self = Self { text: 1.0, image: 1.0, range: [0.0, 1.0] };

    /// The branches that this guidance combines for an image with so many references.
    pub fn branches(&self, references: usize) -> PerBranch<Branch> {
        let (full, negative) = (Branch::Full, Branch::Negative);
        match (self.text > 1.0, self.image > 1.0 && references > 0) {
            (false, _) => PerBranch::Unguided { full },
            (true, false) => PerBranch::Text { full, negative },
            (true, true) => PerBranch::TextAndImage { full, references: Branch::References, negative },
        }
    }

    pub(crate) fn guides(&self, at: Moment) -> bool {
        let place = at.step as f64 / at.steps as f64;
        (self.range[0]..=self.range[1]).contains(&place)
    }

    fn combine(&self, velocities: PerBranch<Tensor<4>>) -> Tensor<4> {
        match velocities {
            PerBranch::Unguided { full } => full,
            PerBranch::Text { full, negative } => negative.clone() + (full - negative) * self.text,
            PerBranch::TextAndImage { full, references, negative } => {
                negative.clone()
                    + (references.clone() - negative) * self.image
                    + (full - references) * self.text
            }
        }
    }
}

/// Such as `text 5, image 2, steps 0..1`.
impl fmt::Display for Guidance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, image, range: [from, to] } = self;
        write!(f, "text {text}, image {image}, steps {from}..{to}")
    }
}

/// Reads what [`Display`](fmt::Display) writes.
impl FromStr for Guidance {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parsed = || {
            let number = |text: &str| text.trim().parse().ok();
            let (text, rest) = text.trim().strip_prefix("text ")?.split_once(',')?;
            let (image, rest) = rest.trim().strip_prefix("image ")?.split_once(',')?;
            let (from, to) = rest.trim().strip_prefix("steps ")?.split_once("..")?;
            Some(Self { text: number(text)?, image: number(image)?, range: [number(from)?, number(to)?] })
        };
        parsed().ok_or(ParseError { expected: "a guidance such as `text 5, image 2, steps 0..1`" })
    }
}

/// The branches of an image under guidance: itself a field.
#[derive(Debug)]
pub struct Guided<B> {
    branches: B,
    guidance: Guidance,
}

impl<B: Branches> Guided<B> {
    /// A field that combines the branches there are; those that a guidance needs it [names](Guidance::branches).
    pub fn new(branches: B, guidance: Guidance) -> Self {
        Self { branches, guidance }
    }

    pub(crate) fn guides(&self, at: Moment) -> bool {
        self.guidance.guides(at)
    }
}

impl<B: Branches> VelocityField for Guided<B> {
    fn velocity(&mut self, x: Tensor<4>, at: Moment) -> Tensor<4> {
        if self.guidance.guides(at) {
            self.guidance.combine(self.branches.velocities(x, at))
        } else {
            self.branches.unguided(x, at)
        }
    }
}
