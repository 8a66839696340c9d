use burn::prelude::*;
use omnigen2_rope::{Grid, MropePositions};

/// One image as the language model reads it: the features that the vision tower made of it.
#[derive(Clone, Debug)]
pub struct ImageFeatures {
    /// The features, `[cells of the grid, width]`, row by row.
    pub values: Tensor<2>,
    /// The grid in which the features lie in the image.
    pub grid: Grid,
}

/// Sequences of one length, ready to be read: embeddings, with image features among them, and where they stand.
#[derive(Clone, Debug)]
pub struct Input {
    /// The embeddings, `[batch, seq, width]`.
    pub embeddings: Tensor<3>,
    /// The rotary places of the tokens of each sequence, and of the token that follows; from 0, wherever the
    /// sequence is continued from.
    pub places: Vec<MropePositions>,
    /// The tokens of each sequence that none sees; none of them, if empty.
    pub padding: Vec<Vec<bool>>,
}

impl Input {
    /// The number of tokens of each sequence.
    pub fn seq(&self) -> usize {
        self.embeddings.dims()[1]
    }

    pub(crate) fn is_padded(&self) -> bool {
        self.padding.iter().any(|row| row.contains(&true))
    }

    pub(crate) fn pads(&self, row: usize, token: usize) -> bool {
        self.padding.get(row).is_some_and(|row| row[token])
    }

    /// The padding, row by row even where there is none.
    pub(crate) fn padding_of_rows(&self) -> Vec<Vec<bool>> {
        if self.padding.is_empty() {
            vec![vec![false; self.seq()]; self.places.len()]
        } else {
            self.padding.clone()
        }
    }
}
