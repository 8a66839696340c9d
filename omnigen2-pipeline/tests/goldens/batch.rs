//! Several prompts with several images each, image after image of a prompt.
//!
//! The reference repeats features prompt by prompt but masks round by round, so that an image may be conditioned on
//! one prompt's features under another one's mask: cut short, or with padding among them. The pipeline does not copy
//! that; here the features of such images are made as the reference makes them.

use burn::prelude::*;
use burn::tensor::FloatDType;
use omnigen2_mllm::Input;
use omnigen2_pipeline::parts::{TextEncoder, TextFeatures};
use omnigen2_pipeline::reader::Reader;
use omnigen2_pipeline::text::SpecialToken;

use crate::checkpoint::{Checkpoint, causes};
use crate::golden::{Golden, Outcome, Score, device};
use crate::pipeline::{self, Settings};

pub fn run(case: &Golden, checkpoint: &Checkpoint, prompts: &[String]) -> Outcome {
    let device = device();
    let settings: Settings = case.setting("settings").ok_or("no settings")?;
    let features = masked_features(checkpoint, prompts, &settings)?;
    let noise = case.tensor::<4>("in.latents", &device).split(1, 0);
    let mut pictures = Vec::new();
    for (image, (features, noise)) in features.into_iter().zip(noise).enumerate() {
        let prompt = &prompts[image / settings.num_images_per_prompt];
        let request = pipeline::request(case, prompt, &settings)?.count(1);
        let tokenizer = checkpoint.files()?.tokenizer().map_err(causes)?;
        let reader = Reader::new(tokenizer, checkpoint.mllm()?, FloatDType::F32);
        let encoder = Known { prompt: prompt.clone(), features, reader };
        let mut omnigen2 = checkpoint.builder()?.text_encoder(encoder).build().map_err(causes)?;
        let generation = omnigen2.generate_from(&request, noise).map_err(causes)?;
        pictures.extend(generation.finish_planes().map_err(causes)?);
    }
    pipeline::compare(case, Score::within(pipeline::TOLERANCE), &pictures)
}

/// The features of each image: those of its prompt, padded to the longest, as many as its mask leaves.
fn masked_features(
    checkpoint: &Checkpoint,
    prompts: &[String],
    settings: &Settings,
) -> Result<Vec<Tensor<3>>, String> {
    let tokenizer = checkpoint.files()?.tokenizer().map_err(causes)?;
    let padding = tokenizer.id(SpecialToken::EndOfText).map_err(causes)?;
    let ids = prompts.iter().map(|prompt| tokenizer.encode_prompt(prompt, settings.max_sequence_length));
    let ids = ids.map(|encoded| Ok(encoded.map_err(causes)?.ids)).collect::<Result<Vec<_>, String>>()?;
    let longest = ids.iter().map(Vec::len).max().unwrap_or_default();
    let mllm = checkpoint.mllm()?;
    let images = 0..prompts.len() * settings.num_images_per_prompt;
    let features = images.map(|image| {
        let prompt = &ids[image / settings.num_images_per_prompt];
        let mask = ids[image % prompts.len()].len();
        let input = Input::text(&mllm, prompt, FloatDType::F32).map_err(causes)?;
        let input = input.right_padded(longest, &mllm, padding).map_err(causes)?;
        Ok(mllm.hidden(&input).narrow(1, 0, mask))
    });
    features.collect()
}

/// Knows one prompt's features already.
struct Known {
    prompt: String,
    features: Tensor<3>,
    reader: Reader,
}

impl TextEncoder for Known {
    fn encode(&self, prompt: &str, max_tokens: usize) -> omnigen2_pipeline::Result<TextFeatures> {
        if prompt == self.prompt {
            return Ok(TextFeatures { features: self.features.clone(), dropped: 0 });
        }
        self.reader.encode(prompt, max_tokens)
    }
}
