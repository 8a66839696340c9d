//! Pictures drawn from a conversation.

use std::sync::Arc;

use omnigen2_pipeline::parts::{Allowance, ChatModel};
use omnigen2_pipeline::reader::{Eyes, Talker};
use omnigen2_pipeline::slot::Slot;
use omnigen2_pipeline::{Conversation, ImageRequest, Message};

use crate::checkpoint::{Checkpoint, causes};
use crate::golden::{Golden, Outcome, Score, device};
use crate::pipeline::{self, Settings};

/// F32 sums of values of size 1, ordered otherwise than PyTorch's.
const TOLERANCE: f64 = 1e-4;

/// The picture that a conversation asks for: its text tokens, read among the pictures, are the condition.
pub fn run(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    let device = device();
    let settings: Settings = case.setting("settings").ok_or("no settings")?;
    let prompt = case.text("instruction").ok_or("no instruction")?;
    let pictures = case.numbered("in.image");
    let message = Message::user(prompt);
    let message = pictures.iter().fold(message, |message, name| message.picture(case.image(name)));
    let conversation = Conversation::new().with(message);
    let features = talker(checkpoint)?.features(&conversation, Allowance::default()).map_err(causes)?;
    let score = Score::within(TOLERANCE);
    let score = score.compare("embeds", &features, &case.tensor("out.embeds", &device))?;
    let mut omnigen2 = checkpoint.builder()?.build().map_err(causes)?;
    let request = pipeline::request(case, prompt, &settings)?;
    let request = ImageRequest { conversation: Some(conversation), ..request };
    let generation = omnigen2.generate_from(&request, case.tensor("in.latents", &device));
    pipeline::compare(
        case,
        score.then_within(pipeline::TOLERANCE),
        &generation.map_err(causes)?.finish_planes().map_err(causes)?,
    )
}

fn talker(checkpoint: &Checkpoint) -> Result<Talker, String> {
    let files = checkpoint.files()?;
    let eyes = Eyes::new(
        files.vit_config().map_err(causes)?,
        files.vision_limits().map_err(causes)?,
        Slot::ready("vision tower", Box::new(checkpoint.vit()?)),
        &device(),
    );
    let mllm = Slot::ready("language model", Box::new(Arc::new(checkpoint.mllm()?)));
    let config = files.mllm_config().map_err(causes)?;
    Talker::new(files.tokenizer().map_err(causes)?, eyes, config, mllm).map_err(causes)
}
