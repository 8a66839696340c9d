//! Pictures drawn from a conversation.

use burn::prelude::*;
use burn::tensor::FloatDType;
use omnigen2_mllm::{ImageFeatures, Input};
use omnigen2_pipeline::OmniGen2;
use omnigen2_pipeline::parts::{TextEncoder, TextFeatures};
use omnigen2_pipeline::pixels::for_vit;
use omnigen2_pipeline::reader::Reader;
use omnigen2_pipeline::text::{chat_prompt, expand_image_pads};

use crate::batch::Known;
use crate::checkpoint::{Checkpoint, causes};
use crate::golden::{Golden, Outcome, Score};
use crate::pipeline::{self, Settings};

/// F32 sums of values of size 1, ordered otherwise than PyTorch's.
const TOLERANCE: f64 = 1e-4;

/// The picture that a conversation asks for: its text tokens, read among the pictures, are the condition.
pub fn run(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    let device = Device::flex();
    let settings: Settings = case.setting("settings").ok_or("no settings")?;
    let prompt = case.text("instruction").ok_or("no instruction")?;
    let features = conversation(case, checkpoint)?;
    let score = Score::within(TOLERANCE);
    let score = score.compare("embeds", &features, &case.tensor("out.embeds", &device))?;
    let files = checkpoint.files()?;
    let reader = Reader::new(files.tokenizer().map_err(causes)?, checkpoint.mllm()?, FloatDType::F32);
    let encoder = Conversation { known: Known { prompt: prompt.into(), features, reader } };
    let builder = OmniGen2::builder(&device).checkpoint(&checkpoint.root).map_err(causes)?;
    let mut omnigen2 = builder.text_encoder(encoder).build().map_err(causes)?;
    let request = pipeline::request(case, prompt, &settings)?;
    let generation = omnigen2.generate_from(&request, case.tensor("in.latents", &device));
    pipeline::compare(
        case,
        score.then_within(pipeline::TOLERANCE),
        &generation.map_err(causes)?.finish_planes().map_err(causes)?,
    )
}

/// Knows the features of the conversation already, and words the negative prompt as one without pictures.
struct Conversation {
    known: Known,
}

impl TextEncoder for Conversation {
    fn encode(&self, prompt: &str, max_tokens: usize) -> omnigen2_pipeline::Result<TextFeatures> {
        match prompt == self.known.prompt {
            true => self.known.encode(prompt, max_tokens),
            false => self.known.reader.read(&chat_prompt(prompt, 0), max_tokens),
        }
    }
}

/// The features of the text tokens of a prompt that was read with its pictures, `[1, text tokens, channels]`.
fn conversation(case: &Golden, checkpoint: &Checkpoint) -> Result<Tensor<3>, String> {
    let device = Device::flex();
    let files = checkpoint.files()?;
    let (limits, config) = (files.vision_limits().map_err(causes)?, files.vit_config().map_err(causes)?);
    let vit = checkpoint.vit()?;
    let mut images = Vec::new();
    for name in case.numbered("in.image") {
        let planes = for_vit(&case.image(&name), &limits).map_err(causes)?;
        let patches = config.patches(planes.into_tensor(&device));
        let grid = patches.grid.blocks(config.spatial_merge_size);
        images.push(ImageFeatures { values: vit.forward(&patches), grid });
    }
    let tokens: Vec<usize> = images.iter().map(|image| image.grid.cells()).collect();
    let text = expand_image_pads(case.text("prompt_text").ok_or("no prompt_text")?, &tokens);
    let ids = files.tokenizer().map_err(causes)?.encode(&text.map_err(causes)?).map_err(causes)?;
    let mllm = checkpoint.mllm()?;
    let input = Input::with_images(&mllm, &ids, &images, FloatDType::F32).map_err(causes)?;
    let image_token = mllm.config().image_token_id;
    let text = (0..).zip(&ids).filter(|(_, id)| **id != image_token).map(|(place, _): (i32, _)| place);
    let text = Tensor::<1, Int>::from_ints(text.collect::<Vec<_>>().as_slice(), &device);
    Ok(mllm.hidden(&input).select(1, text))
}
