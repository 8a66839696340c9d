//! The wording of replies.

use omnigen2_pipeline::{ReplySettings, Sampling};

use crate::values;

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Speaking")]
pub(crate) struct SpeakingArgs {
    /// The most tokens of a reply [default: 256]
    #[arg(long, value_name = "N")]
    max_tokens: Option<usize>,
    /// How far replies stray from the likeliest token; 0 is never [default: the checkpoint's]
    #[arg(long, value_name = "T", value_parser = values::temperature)]
    temperature: Option<f64>,
    /// How many of the likeliest tokens are drawn from; 0 is all [default: the checkpoint's]
    #[arg(long, value_name = "N")]
    top_k: Option<usize>,
    /// The share of the likeliest tokens that is drawn from; 1 is all [default: the checkpoint's]
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    top_p: Option<f64>,
    /// How strongly tokens that were said are avoided; 1 is not at all [default: the checkpoint's]
    #[arg(long, value_name = "FACTOR", value_parser = values::factor)]
    repetition_penalty: Option<f64>,
    /// Where chance begins [default: by chance]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// End a reply before this text; may be given several times
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
}

impl SpeakingArgs {
    /// The settings of replies, which are the checkpoint's where nothing was given.
    pub(crate) fn settings(&self, checkpoint: Sampling, seed: u64) -> ReplySettings {
        let sampling = Sampling {
            temperature: self.temperature.unwrap_or(checkpoint.temperature),
            top_k: self.top_k.unwrap_or(checkpoint.top_k),
            top_p: self.top_p.unwrap_or(checkpoint.top_p),
            repetition_penalty: self.repetition_penalty.unwrap_or(checkpoint.repetition_penalty),
        };
        let usual = ReplySettings::default();
        ReplySettings {
            max_tokens: self.max_tokens.unwrap_or(usual.max_tokens),
            sampling: Some(sampling),
            seed,
            stop: self.stop.clone(),
            ..usual
        }
    }
}
