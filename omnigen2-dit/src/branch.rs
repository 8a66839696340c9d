use burn::prelude::*;

use crate::flow::Moment;

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

/// A value for each of the branches that guidance combines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PerBranch<T> {
    /// The branch of an image that nothing guides.
    Unguided {
        /// The value of [`Branch::Full`].
        full: T,
    },
    /// The branches of an image that the prompt guides.
    Text {
        /// The value of [`Branch::Full`].
        full: T,
        /// The value of [`Branch::Negative`].
        negative: T,
    },
    /// The branches of an image that the prompt and the references guide, each for itself.
    TextAndImage {
        /// The value of [`Branch::Full`].
        full: T,
        /// The value of [`Branch::References`].
        references: T,
        /// The value of [`Branch::Negative`].
        negative: T,
    },
}

impl<T> PerBranch<T> {
    /// The value of [`Branch::Full`], which there always is.
    pub fn full(&self) -> &T {
        match self {
            Self::Unguided { full } | Self::Text { full, .. } | Self::TextAndImage { full, .. } => full,
        }
    }

    /// The value of [`Branch::Full`], to be changed.
    pub fn full_mut(&mut self) -> &mut T {
        match self {
            Self::Unguided { full } | Self::Text { full, .. } | Self::TextAndImage { full, .. } => full,
        }
    }

    /// The number of branches.
    pub fn count(&self) -> usize {
        match self {
            Self::Unguided { .. } => 1,
            Self::Text { .. } => 2,
            Self::TextAndImage { .. } => 3,
        }
    }

    /// References to the values, to be changed.
    pub fn as_mut(&mut self) -> PerBranch<&mut T> {
        match self {
            Self::Unguided { full } => PerBranch::Unguided { full },
            Self::Text { full, negative } => PerBranch::Text { full, negative },
            Self::TextAndImage { full, references, negative } => {
                PerBranch::TextAndImage { full, references, negative }
            }
        }
    }

    /// Another value for each branch.
    pub fn map<U>(self, mut other: impl FnMut(T) -> U) -> PerBranch<U> {
        self.map_with_branch(|_, value| other(value))
    }

    /// Another value for each branch, told which it is.
    pub fn map_with_branch<U>(self, mut other: impl FnMut(Branch, T) -> U) -> PerBranch<U> {
        match self {
            Self::Unguided { full } => PerBranch::Unguided { full: other(Branch::Full, full) },
            Self::Text { full, negative } => PerBranch::Text {
                full: other(Branch::Full, full),
                negative: other(Branch::Negative, negative),
            },
            Self::TextAndImage { full, references, negative } => PerBranch::TextAndImage {
                full: other(Branch::Full, full),
                references: other(Branch::References, references),
                negative: other(Branch::Negative, negative),
            },
        }
    }
}

impl<T, E> PerBranch<Result<T, E>> {
    /// The values, if all of them are there.
    ///
    /// # Errors
    /// The first error.
    pub fn transpose(self) -> Result<PerBranch<T>, E> {
        Ok(match self {
            Self::Unguided { full } => PerBranch::Unguided { full: full? },
            Self::Text { full, negative } => PerBranch::Text { full: full?, negative: negative? },
            Self::TextAndImage { full, references, negative } => {
                PerBranch::TextAndImage { full: full?, references: references?, negative: negative? }
            }
        })
    }
}

/// The velocity fields of the guidance branches over one latent, evaluated together so that they can share what does
/// not depend on the branch.
///
/// # Shapes
/// - x: `[batch, channels, height, width]`
/// - each output: the same
pub trait Branches {
    /// The velocities of all branches.
    fn velocities(&mut self, x: Tensor<4>, at: Moment) -> PerBranch<Tensor<4>>;

    /// The velocity of [`Branch::Full`] alone, for a step that is not guided.
    fn unguided(&mut self, x: Tensor<4>, at: Moment) -> Tensor<4>;
}

impl<B: Branches + ?Sized> Branches for Box<B> {
    fn velocities(&mut self, x: Tensor<4>, at: Moment) -> PerBranch<Tensor<4>> {
        (**self).velocities(x, at)
    }

    fn unguided(&mut self, x: Tensor<4>, at: Moment) -> Tensor<4> {
        (**self).unguided(x, at)
    }
}
