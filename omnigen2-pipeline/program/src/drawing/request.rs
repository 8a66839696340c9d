use std::hash::{BuildHasher, RandomState};

use omnigen2_pipeline::MAX_REFERENCES;
use omnigen2_pipeline::pixels::{Size, output_size, vae_size};
use omnigen2_pipeline::{Guidance, ImageRequest, RequestError};

use super::args::{DrawingArgs, PromptArgs};
use super::references::Reference;
use crate::failure::{Code, Failure};

impl PromptArgs {
    pub(crate) fn apply(&self, request: ImageRequest) -> ImageRequest {
        ImageRequest {
            seed: self.seed.unwrap_or(request.seed),
            max_tokens: self.max_tokens.unwrap_or(request.max_tokens),
            ..request
        }
    }
}

impl DrawingArgs {
    /// The request as the preset and then each option change it.
    pub(crate) fn apply(&self, request: ImageRequest) -> ImageRequest {
        let request = match self.preset {
            Some(preset) => preset.apply(request),
            None => request,
        };
        let Guidance { text, image, range } = request.guidance;
        let mut limits = request.reference_limits;
        limits.max_pixels = self.reference_max_pixels.unwrap_or(limits.max_pixels);
        limits.max_side = self.reference_max_side.unwrap_or(limits.max_side);
        ImageRequest {
            negative: self.negative.clone().unwrap_or(request.negative),
            size: self.size.or(request.size),
            guidance: Guidance {
                text: self.guidance.unwrap_or(text),
                image: self.image_guidance.unwrap_or(image),
                range: self.cfg_range.unwrap_or(range),
            },
            steps: self.steps.unwrap_or(request.steps),
            solver: self.solver.unwrap_or(request.solver),
            time_shift: self.time_shift.unwrap_or(request.time_shift),
            step_cache: self.step_cache.unwrap_or(request.step_cache),
            max_pixels: self.max_pixels.unwrap_or(request.max_pixels),
            draw_references: self.draw_references.unwrap_or(request.draw_references),
            reference_limits: limits,
            ..request
        }
    }
}

/// Fails on settings that make no sense, before anything is loaded.
pub(crate) fn check(request: &ImageRequest) -> Result<(), Failure> {
    request.validate()?;
    if let Some(size) = request.size {
        output_size(size, request.max_pixels).map_err(|e| Failure::new(Code::Request, e))?;
    }
    Ok(())
}

/// Fails on what the pipeline would refuse only after its parts are loaded, and names the file.
pub(crate) fn check_references(request: &ImageRequest, references: &[Reference]) -> Result<(), Failure> {
    for Reference { path, picture, .. } in references {
        let (width, height) = picture.dimensions();
        vae_size(Size::new(width, height), &request.reference_limits)
            .map_err(|e| Failure::from(e).within(format!("{} cannot be a reference", path.display())))?;
    }
    Ok(())
}

/// Fails before any picture is opened.
pub(crate) fn check_count(found: usize) -> Result<(), RequestError> {
    if found <= MAX_REFERENCES {
        Ok(())
    } else {
        Err(RequestError::References { found, most: MAX_REFERENCES })
    }
}

/// The system's entropy, by way of the keys of hash maps; the noise generator reads 32 bits of a seed.
pub(crate) fn by_chance() -> u64 {
    RandomState::new().hash_one(std::process::id()) & u64::from(u32::MAX)
}
