use burn::prelude::*;
use burn::tensor::FloatDType;
use omnigen2_rope::{Grid, Segment, mrope_positions};

use crate::config::MllmConfig;
use crate::error::InputError;
use crate::input::{ImageFeatures, Input};
use crate::mllm::Mllm;

impl Input {
    /// An input of text alone, in the type asked for.
    ///
    /// # Errors
    /// If there are no tokens or too many, or one is not in the vocabulary or stands for an image.
    pub fn text(mllm: &Mllm, ids: &[u32], dtype: FloatDType) -> Result<Self, InputError> {
        Self::with_images(mllm, ids, &[], dtype)
    }

    /// An input of text and images, in the type asked for: the features of each image take the places of a run of image
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
