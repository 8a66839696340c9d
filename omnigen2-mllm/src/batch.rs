use std::iter::repeat_n;

use burn::prelude::*;
use burn::tensor::FloatDType;
use omnigen2_rope::{Grid, MropePositions, Position, Segment, mrope_positions};

use crate::error::InputError;
use crate::input::Input;
use crate::mllm::Mllm;

/// The place of padding in the reference; nobody sees it there.
const PADDING_PLACE: Position = Position([1; 3]);

/// One image of every sequence of a batch, as the vision tower made them.
#[derive(Clone, Debug)]
pub struct BatchFeatures {
    /// The features, `[batch, cells of the grid, width]`, row by row.
    pub values: Tensor<3>,
    /// The grid in which the features lie in each image.
    pub grid: Grid,
}

/// The side of a sequence on which padding stands.
enum Side {
    Left,
    Right,
}

impl Input {
    /// An input of sequences of one length, whose images stand at the same places: of every sequence the first image, the second
    /// and so on, in the type asked for.
    ///
    /// # Errors
    /// If there are no tokens, or one is not in the vocabulary; if sequences have other lengths or images elsewhere; if
    /// image tokens and features do not match.
    ///
    /// # Panics
    /// If there are features of another number of sequences.
    pub fn aligned(
        mllm: &Mllm,
        rows: &[Vec<u32>],
        images: &[BatchFeatures],
        dtype: FloatDType,
    ) -> Result<Self, InputError> {
        let grids: Vec<Grid> = images.iter().map(|image| image.grid).collect();
        let segments = mllm.config().segments(rows.first().ok_or(InputError::Empty)?, &grids)?;
        for (row, ids) in rows.iter().enumerate() {
            if mllm.config().segments(ids, &grids)? != segments {
                return Err(InputError::Ragged { row });
            }
        }
        let (batch, seq) = (rows.len(), rows[0].len());
        let words = mllm.embed(&rows.concat(), dtype)?;
        let width = words.dims()[2];
        let words = words.reshape([batch, seq, width]);
        let mut features = images.iter().map(|image| image.values.clone().cast(dtype));
        let mut place = 0;
        let mut parts = Vec::with_capacity(segments.len());
        for segment in &segments {
            match *segment {
                Segment::Text(tokens) => parts.push(words.clone().narrow(1, place, tokens)),
                Segment::Image(_) => parts.extend(features.next()),
            }
            place += segment.tokens();
        }
        let embeddings = if parts.len() == 1 { words } else { Tensor::cat(parts, 1) };
        Ok(Self { embeddings, places: vec![mrope_positions(&segments); batch], padding: Vec::new() })
    }

    /// An input of the next token of each sequence of a batch, in the type asked for.
    ///
    /// # Errors
    /// If there are none, or one is not in the vocabulary.
    pub fn next_tokens(mllm: &Mllm, ids: &[u32], dtype: FloatDType) -> Result<Self, InputError> {
        let embeddings = mllm.embed(ids, dtype)?.swap_dims(0, 1);
        let place = MropePositions { positions: vec![Position::diagonal(0)], next: 1 };
        Ok(Self { embeddings, places: vec![place; ids.len()], padding: Vec::new() })
    }

    /// An input of sequences as one batch: the shorter ones begin with a token that none sees, so that all end together and
    /// can be continued.
    ///
    /// # Errors
    /// If there are no sequences, or the token is not in the vocabulary.
    pub fn left_padded(mllm: &Mllm, sequences: Vec<Self>, token: u32) -> Result<Self, InputError> {
        let longest = sequences.iter().map(Self::seq).max().ok_or(InputError::Empty)?;
        let mut rows = Vec::with_capacity(sequences.len());
        for sequence in sequences {
            rows.push(sequence.left_padded_to(longest, mllm, token)?);
        }
        Ok(Self {
            embeddings: Tensor::cat(rows.iter().map(|row| row.embeddings.clone()).collect(), 0),
            padding: rows.iter().flat_map(Self::padding_of_rows).collect(),
            places: rows.into_iter().flat_map(|row| row.places).collect(),
        })
    }

    /// Lengthens a sequence to `length` tokens with a token that none sees.
    ///
    /// # Errors
    /// If the token is not in the vocabulary.
    pub fn right_padded(self, length: usize, mllm: &Mllm, token: u32) -> Result<Self, InputError> {
        let filler = self.filler(length, mllm, token)?;
        Ok(self.joined(filler, Side::Right))
    }

    fn left_padded_to(self, length: usize, mllm: &Mllm, token: u32) -> Result<Self, InputError> {
        let filler = self.filler(length, mllm, token)?;
        Ok(self.joined(filler, Side::Left))
    }

    /// The tokens that are missing to `length`, `[batch, missing, width]`, if any are.
    fn filler(&self, length: usize, mllm: &Mllm, token: u32) -> Result<Option<Tensor<3>>, InputError> {
        let [batch, seq, width] = self.embeddings.dims();
        let missing = length.saturating_sub(seq);
        if missing == 0 {
            return Ok(None);
        }
        let row = mllm.embed(&vec![token; missing], self.embeddings.dtype().into())?;
        Ok(Some(row.expand([batch, missing, width])))
    }

    fn joined(mut self, filler: Option<Tensor<3>>, side: Side) -> Self {
        let Some(filler) = filler else { return self };
        let missing = filler.dims()[1];
        self.padding = self.padding_of_rows();
        let (at, parts) = match side {
            Side::Left => (0, vec![filler, self.embeddings]),
            Side::Right => (self.embeddings.dims()[1], vec![self.embeddings, filler]),
        };
        self.embeddings = Tensor::cat(parts, 1);
        for (padding, places) in self.padding.iter_mut().zip(&mut self.places) {
            padding.splice(at..at, repeat_n(true, missing));
            places.positions.splice(at..at, repeat_n(PADDING_PLACE, missing));
        }
        self
    }
}
