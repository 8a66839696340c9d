use burn::prelude::*;
use burn::tensor::FloatDType;
use omnigen2_rope::{Grid, MropePositions, Segment, mrope_positions};

use crate::{InputError, Mllm, MllmConfig};

/// One image as the language model reads it: what the vision tower made of it.
#[derive(Clone, Debug)]
pub struct ImageFeatures {
    /// `[cells of the grid, width]`, row by row.
    pub values: Tensor<2>,
    /// How the features lie in the image.
    pub grid: Grid,
}

/// Sequences of one length, ready to be read: embeddings, with image features among them, and where they stand.
#[derive(Clone, Debug)]
pub struct Input {
    /// `[batch, seq, width]`.
    pub embeddings: Tensor<3>,
    /// For each sequence the rotary place of each token, and of the one that follows; from 0, wherever the
    /// sequence is continued from.
    pub places: Vec<MropePositions>,
    /// For each sequence where it has tokens that none sees; nowhere, if empty.
    pub padding: Vec<Vec<bool>>,
}

impl Input {
    /// Text alone, in the type asked for.
    ///
    /// # Errors
    /// If there are no tokens or too many, or one is not in the vocabulary or stands for an image.
    pub fn text(mllm: &Mllm, ids: &[u32], dtype: FloatDType) -> Result<Self, InputError> {
        Self::with_images(mllm, ids, &[], dtype)
    }

    /// Text and images, in the type asked for: the features of each image take the places of a run of image
    /// tokens, in order.
    ///
    /// # Errors
    /// If there are no tokens or too many, or one is not in the vocabulary; if image tokens and features do not
    /// match; if features have another width than the network.
    pub fn with_images(
        mllm: &Mllm,
        ids: &[u32],
        images: &[ImageFeatures],
        dtype: FloatDType,
    ) -> Result<Self, InputError> {
        let config = mllm.config();
        check_length(ids, config)?;
        check_features(images, config)?;
        let grids: Vec<Grid> = images.iter().map(|image| image.grid).collect();
        let segments = config.segments(ids, &grids)?;
        let mut features = images.iter().map(|image| image.values.clone().cast(dtype).unsqueeze());
        let mut parts = Vec::with_capacity(segments.len());
        let mut place = 0;
        for segment in &segments {
            match *segment {
                Segment::Text(tokens) => parts.push(mllm.embed(&ids[place..place + tokens], dtype)?),
                Segment::Image(_) => parts.extend(features.next()),
            }
            place += segment.tokens();
        }
        Ok(Self {
            embeddings: Tensor::cat(parts, 1),
            places: vec![mrope_positions(&segments)],
            padding: Vec::new(),
        })
    }

    /// How many tokens each sequence has.
    pub fn seq(&self) -> usize {
        self.embeddings.dims()[1]
    }

    pub(crate) fn is_padded(&self) -> bool {
        self.padding.iter().any(|row| row.contains(&true))
    }

    pub(crate) fn pads(&self, row: usize, token: usize) -> bool {
        self.padding.get(row).is_some_and(|row| row[token])
    }
}

impl MllmConfig {
    /// The runs of text and the images in a sequence, of which `grids` are the images' merged tokens.
    ///
    /// # Errors
    /// If there are more or fewer image tokens than the grids have cells, or a grid's tokens do not stand
    /// together.
    pub fn segments(&self, ids: &[u32], grids: &[Grid]) -> Result<Vec<Segment>, InputError> {
        let is_image = |id: &u32| *id == self.image_token_id;
        let expected = grids.iter().map(|grid| grid.cells()).sum();
        let found = ids.iter().filter(|id| is_image(id)).count();
        if expected != found {
            return Err(InputError::ImageTokens { expected, found });
        }
        let mut images = (1..).zip(grids);
        let mut segments = Vec::new();
        for run in ids.chunk_by(|a, b| is_image(a) == is_image(b)) {
            if !is_image(&run[0]) {
                segments.push(Segment::Text(run.len()));
                continue;
            }
            let mut left = run.len();
            while left > 0
                && let Some((image, &grid)) = images.next()
            {
                let expected = grid.cells();
                left = left.checked_sub(expected).ok_or(InputError::ImageRun {
                    image,
                    expected,
                    found: left,
                })?;
                segments.push(Segment::Image(grid));
            }
        }
        Ok(segments)
    }
}

fn check_length(ids: &[u32], config: &MllmConfig) -> Result<(), InputError> {
    let (tokens, most) = (ids.len(), config.max_position_embeddings);
    match tokens {
        0 => Err(InputError::Empty),
        _ if tokens > most => Err(InputError::Length { tokens, most }),
        _ => Ok(()),
    }
}

fn check_features(images: &[ImageFeatures], config: &MllmConfig) -> Result<(), InputError> {
    for (image, ImageFeatures { values, grid }) in (1..).zip(images) {
        let (expected, found) = ([grid.cells(), config.hidden_size], values.dims());
        if expected != found {
            return Err(InputError::Features { image, expected, found });
        }
    }
    Ok(())
}
