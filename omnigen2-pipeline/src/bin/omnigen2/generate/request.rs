use std::hash::{BuildHasher, RandomState};

use omnigen2_dit::MAX_REFERENCES;
use omnigen2_pipeline::metadata::Record;
use omnigen2_pipeline::pixels::{Size, output_size, vae_size};
use omnigen2_pipeline::{Guidance, ImageRequest, RequestError};

use super::args::{Args, DrawingArgs};
use super::references::Reference;
use crate::failure::{Code, Failure};

/// The record's request, as the preset and then each option change it; references are yet to come.
pub(super) fn request(args: &Args, like: Option<&Record>) -> Result<ImageRequest, Failure> {
    let base = match like {
        Some(record) => record.request.clone(),
        None => ImageRequest { seed: by_chance(), ..ImageRequest::default() },
    };
    let base = args.drawing.preset.map_or(base.clone(), |preset| preset.apply(base));
    let request = ImageRequest { prompt: args.prompt.clone().unwrap_or(base.prompt.clone()), ..base };
    let request = changed(request, &args.drawing);
    request.validate()?;
    if let Some(size) = request.size {
        output_size(size, request.max_pixels).map_err(|e| Failure::new(Code::Request, e))?;
    }
    Ok(request)
}

fn changed(request: ImageRequest, by: &DrawingArgs) -> ImageRequest {
    let Guidance { text, image, range } = request.guidance;
    let mut limits = request.reference_limits;
    limits.max_pixels = by.reference_max_pixels.unwrap_or(limits.max_pixels);
    limits.max_side = by.reference_max_side.unwrap_or(limits.max_side);
    ImageRequest {
        negative: by.negative.clone().unwrap_or(request.negative),
        size: by.size.or(request.size),
        count: by.count.unwrap_or(request.count),
        guidance: Guidance {
            text: by.guidance.unwrap_or(text),
            image: by.image_guidance.unwrap_or(image),
            range: by.cfg_range.unwrap_or(range),
        },
        steps: by.steps.unwrap_or(request.steps),
        solver: by.solver.unwrap_or(request.solver),
        time_shift: by.time_shift.unwrap_or(request.time_shift),
        step_cache: by.step_cache.unwrap_or(request.step_cache),
        seed: by.seed.unwrap_or(request.seed),
        max_pixels: by.max_pixels.unwrap_or(request.max_pixels),
        max_tokens: by.max_tokens.unwrap_or(request.max_tokens),
        draw_references: by.draw_references.unwrap_or(request.draw_references),
        reference_limits: limits,
        ..request
    }
}

/// Fails on what the pipeline would refuse only after its parts are loaded, and names the file.
pub(super) fn check_references(request: &ImageRequest, references: &[Reference]) -> Result<(), Failure> {
    for Reference { path, picture, .. } in references {
        let (width, height) = picture.dimensions();
        vae_size(Size::new(width, height), &request.reference_limits)
            .map_err(|e| Failure::from(e).within(format!("{} cannot be a reference", path.display())))?;
    }
    Ok(())
}

/// Fails before any picture is opened.
pub(super) fn check_count(found: usize) -> Result<(), RequestError> {
    match found <= MAX_REFERENCES {
        true => Ok(()),
        false => Err(RequestError::References { found, most: MAX_REFERENCES }),
    }
}

/// The system's entropy, by way of the keys of hash maps; the noise generator reads 32 bits of a seed.
fn by_chance() -> u64 {
    RandomState::new().hash_one(std::process::id()) & u64::from(u32::MAX)
}
