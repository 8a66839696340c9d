use burn::prelude::*;
use burn::tensor::FloatDType;
use omnigen2_rope::{Grid, MropePositions, Position, Segment, mrope_positions};

use crate::{InputError, Mllm, MllmConfig};

/// One image as the language model reads it: what the vision tower made of it.
#[derive(Clone, Debug)]
pub struct ImageFeatures {
    /// `[cells of the grid, width]`, row by row.
    pub values: Tensor<2>,
    /// How the features lie in the image.
    pub grid: Grid,
}

/// A sequence ready to be read: embeddings, with image features among them, and where they stand.
#[derive(Clone, Debug)]
pub struct Input {
    /// `[1, seq, width]`.
    pub embeddings: Tensor<3>,
    /// The rotary place of each token, and of the one that follows.
    pub places: MropePositions,
    /// Where there are tokens that none sees, not even themselves; none if empty.
    pub padding: Vec<bool>,
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
            places: mrope_positions(&segments),
            padding: Vec::new(),
        })
    }
}

impl Input {
    /// Lengthens a sequence to `length` tokens with a token that none sees; it stands at place 1, as padding
    /// does in the reference.
    ///
    /// # Errors
    /// If the token is not in the vocabulary.
    pub fn padded(mut self, mllm: &Mllm, token: u32, length: usize) -> Result<Self, InputError> {
        let real = self.places.positions.len();
        let missing = length.saturating_sub(real);
        if missing > 0 {
            let padding = mllm.embed(&vec![token; missing], self.embeddings.dtype().into())?;
            self.embeddings = Tensor::cat(vec![self.embeddings, padding], 1);
            self.padding.resize(real, false);
            self.padding.resize(length, true);
            self.places.positions.resize(length, Position::diagonal(1));
        }
        Ok(self)
    }

    /// What no query sees: what comes after it, and padding. Nothing, where there is no padding, so that causal
    /// attention can do without a mask.
    pub(crate) fn hidden_keys(&self, device: &Device) -> Option<Tensor<4, Bool>> {
        if !self.padding.contains(&true) {
            return None;
        }
        let seq = self.padding.len();
        let pairs = (0..seq).flat_map(|query| (0..seq).map(move |key| (query, key)));
        let hidden: Vec<bool> = pairs.map(|(query, key)| key > query || self.padding[key]).collect();
        Some(Tensor::from_data(TensorData::new(hidden, [1, 1, seq, seq]), device))
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
