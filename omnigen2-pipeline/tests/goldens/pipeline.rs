//! Whole runs from given latents.

use burn::prelude::*;
use omnigen2_pipeline::pixels::{Planes, ReferenceLimits, Size};
use omnigen2_pipeline::{CachePolicy, Guidance, ImageRequest, Solver};
use serde::Deserialize;

use crate::checkpoint::{Checkpoint, causes};
use crate::golden::{Golden, Outcome, Score, device};
use crate::{batch, chat};

/// Differences of the networks grow over the steps of a run.
pub const TOLERANCE: f64 = 2e-3;

/// The threshold with which the TeaCache case was made.
const TEACACHE_THRESHOLD: f64 = 0.6;

/// What the reference defaults to where a case does not say.
#[derive(Deserialize)]
#[serde(default)]
pub struct Settings {
    height: Option<u32>,
    width: Option<u32>,
    num_inference_steps: usize,
    pub num_images_per_prompt: usize,
    text_guidance_scale: f64,
    image_guidance_scale: f64,
    cfg_range: [f64; 2],
    negative_prompt: String,
    max_pixels: u64,
    max_input_image_pixels: u64,
    max_input_image_side_length: u32,
    pub max_sequence_length: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            height: None,
            width: None,
            num_inference_steps: 28,
            num_images_per_prompt: 1,
            text_guidance_scale: 4.0,
            image_guidance_scale: 1.0,
            cfg_range: [0.0, 1.0],
            negative_prompt: String::new(),
            max_pixels: 1024 * 1024,
            max_input_image_pixels: 1024 * 1024,
            max_input_image_side_length: 1024,
            max_sequence_length: 1024,
        }
    }
}

pub fn run(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    if case.has("out.embeds") {
        return chat::run(case, checkpoint);
    }
    if let Some(prompts) = case.setting::<Vec<String>>("prompt") {
        return batch::run(case, checkpoint, &prompts);
    }
    let prompt = case.text("prompt").ok_or("no prompt")?;
    let request = request(case, prompt, &case.setting("settings").ok_or("no settings")?)?;
    let device = device();
    let mut omnigen2 = checkpoint.builder()?.build().map_err(causes)?;
    let generation = omnigen2.generate_from(&request, case.tensor("in.latents", &device));
    compare(case, Score::within(TOLERANCE), &generation.map_err(causes)?.finish_planes().map_err(causes)?)
}

pub fn request(case: &Golden, prompt: &str, settings: &Settings) -> Result<ImageRequest, String> {
    let size = settings.width.zip(settings.height).map(|(width, height)| Size::new(width, height));
    Ok(ImageRequest {
        prompt: prompt.into(),
        negative: settings.negative_prompt.clone(),
        references: case.numbered("in.image").iter().map(|name| case.image(name).into()).collect(),
        size,
        count: settings.num_images_per_prompt,
        guidance: Guidance {
            text: settings.text_guidance_scale,
            image: settings.image_guidance_scale,
            range: settings.cfg_range,
        },
        steps: settings.num_inference_steps,
        solver: match case.text("scheduler") {
            Some("dpmsolver++") => Solver::DPM_SOLVER,
            Some("euler") | None => Solver::Euler,
            other => return Err(format!("unknown scheduler {other:?}")),
        },
        step_cache: match case.text("cache") {
            Some("") | None => CachePolicy::None,
            Some("teacache") => CachePolicy::TeaCache {
                threshold: case.setting("teacache_threshold").unwrap_or(TEACACHE_THRESHOLD),
            },
            Some("taylorseer") => CachePolicy::TaylorSeer,
            other => return Err(format!("unknown cache {other:?}")),
        },
        max_pixels: settings.max_pixels,
        reference_limits: ReferenceLimits {
            max_pixels: settings.max_input_image_pixels,
            max_side: settings.max_input_image_side_length,
        },
        max_tokens: settings.max_sequence_length,
        ..ImageRequest::default()
    })
}

pub fn compare(case: &Golden, score: Score, pictures: &[Planes]) -> Outcome {
    let device = device();
    let floats = pictures.iter().map(|picture| {
        let unit = picture.clone().into_tensor(&device) / 2.0 + 0.5;
        unit.clamp(0.0, 1.0).permute([1, 2, 0])
    });
    let found = Tensor::stack::<4>(floats.collect(), 0);
    let expected = case.tensor::<4>("out.image", &device);
    let score = score.compare("image", &found, &expected)?;
    let bytes: Vec<u8> = pictures.iter().flat_map(|picture| picture.to_image().into_raw()).collect();
    score.levels(&bytes, &case.raw("out.image_u8"))
}
