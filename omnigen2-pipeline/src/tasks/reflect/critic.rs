use image::RgbImage;
use omnigen2_mllm::Sampling;

use crate::Result;
use crate::parts::{Allowance, ChatModel, Critic};
use crate::text::question;
use crate::values::{Conversation, Critique, ImageRequest, Message, Part, ReplySettings, Role};

/// Asks a chat model what is wrong with a picture.
pub struct ChatCritic<'m> {
    model: &'m mut dyn ChatModel,
    allowance: Allowance,
}

impl<'m> ChatCritic<'m> {
    /// A critic by way of this model.
    pub fn new(model: &'m mut dyn ChatModel, allowance: Allowance) -> Self {
        Self { model, allowance }
    }
}

impl Critic for ChatCritic<'_> {
    fn critique(&mut self, request: &ImageRequest, picture: &RgbImage) -> Result<Critique> {
        let shown = request.references.iter().cloned().chain([picture.clone().into()]).map(Part::Picture);
        let question = Part::Text(question(&request.prompt, request.references.len()));
        let message = Message { role: Role::User, parts: shown.chain([question]).collect() };
        let settings =
            ReplySettings { sampling: Some(Sampling::greedy()), may_draw: false, ..ReplySettings::default() };
        let mut reply = self.model.reply(&Conversation::new().with(message), &settings, self.allowance)?;
        let text = reply.by_ref().collect::<Result<String>>()?;
        reply.end()?;
        Ok(Critique::parse(&text, &request.prompt))
    }
}

impl std::fmt::Debug for ChatCritic<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChatCritic").finish_non_exhaustive()
    }
}
