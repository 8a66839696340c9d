//! Token ids of worded and bare prompts.

use omnigen2_pipeline::text::{PromptTokenizer, generation_prompt};
use serde::Deserialize;

use crate::checkpoint::Checkpoint;
use crate::golden::{Golden, Outcome, Score};

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u32>,
    prompt: String,
    prompt_ids: Vec<u32>,
}

pub fn run(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    let cases: Vec<Case> = serde_json::from_slice(case.bytes()).map_err(|e| e.to_string())?;
    let processor = checkpoint.root.join("processor");
    let tokenizer = PromptTokenizer::load(processor).map_err(|e| e.to_string())?;
    let mut score = Score::within(0.0);
    for case in cases {
        let encode = |text: &str| tokenizer.encode(text).map_err(|e| e.to_string());
        score = score
            .exact("text", &generation_prompt(&case.prompt), &case.text)?
            .exact("ids", &encode(&case.text)?, &case.ids)?
            .exact("prompt ids", &encode(&case.prompt)?, &case.prompt_ids)?;
    }
    Ok(score)
}
