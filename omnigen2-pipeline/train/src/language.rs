use omnigen2_rope::Grid;
use omnigen2_vit::VitConfig;

use super::error::Result;
use super::example::Example;
use omnigen2_pipeline::Checkpoint;
use omnigen2_pipeline::conversation::{Conversation, Message, Part as Said, Role};
use omnigen2_pipeline::pixels::{Size, VisionLimits, vit_size};
use omnigen2_pipeline::text::{PromptTokenizer, SpecialToken, conversation_prompt, expand_image_pads};

/// The most tokens of a prompt.
const MOST_TOKENS: usize = 1024;

/// What texts and pictures become before a network sees them.
#[derive(Debug)]
pub(super) struct Language {
    tokenizer: PromptTokenizer,
    pub(super) limits: VisionLimits,
    pub(super) vit: VitConfig,
}

impl Language {
    pub(super) fn of(checkpoint: &Checkpoint) -> Result<Self> {
        Ok(Self {
            tokenizer: checkpoint.tokenizer()?,
            limits: checkpoint.vision_limits()?,
            vit: checkpoint.vit_config()?,
        })
    }

    pub(super) fn prompt(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.tokenizer.encode_prompt(text, MOST_TOKENS)?.ids)
    }

    /// The tokens up to where the reply begins.
    pub(super) fn asked(&self, example: &Example) -> Result<Vec<u32>> {
        let pictures = example.pictures.iter().cloned().map(|picture| Said::Picture(picture.into()));
        let parts = pictures.chain([Said::Text(example.instruction.clone())]).collect();
        let worded = conversation_prompt(&Conversation::new().with(Message { role: Role::User, parts }))?;
        let tokens = example.pictures.iter().map(|picture| {
            let size = vit_size(Size::new(picture.width(), picture.height()), &self.limits)?;
            Ok(Grid::new(size.height as usize, size.width as usize).blocks(self.vit.cell()).cells())
        });
        let tokens = tokens.collect::<Result<Vec<_>>>()?;
        Ok(self.tokenizer.encode(&expand_image_pads(&worded, &tokens)?)?)
    }

    pub(super) fn filler(&self) -> Result<u32> {
        Ok(self.tokenizer.id(SpecialToken::EndOfText)?)
    }

    pub(super) fn reply(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.tokenizer.encode(&format!("{text}{}", SpecialToken::TurnEnd.text()))?)
    }
}
