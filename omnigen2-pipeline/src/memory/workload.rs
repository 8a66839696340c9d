use omnigen2_dit::StepCaches;
use omnigen2_vit::VitConfig;

use crate::Result;
use crate::pixels::{Size, VisionLimits, sizes, vit_size};
use crate::text::conversation_prompt;
use crate::values::ImageRequest;

/// Tokens around a prompt: the system's message and the roles.
const WORDING: usize = 64;

/// How pictures are looked at.
#[derive(Clone, Copy)]
pub(super) struct Looks<'a> {
    pub(super) vit: &'a VitConfig,
    pub(super) limits: &'a VisionLimits,
}

/// What of a request costs memory.
#[derive(Clone, Debug)]
pub(super) struct Workload {
    /// The size that is drawn.
    pub(super) drawn: Size,
    pub(super) count: usize,
    /// The references as the autoencoder sees them.
    pub(super) references: Vec<Size>,
    pub(super) branches: usize,
    /// At most so many tokens of text condition a branch.
    pub(super) text: usize,
    /// At most so many patches of one picture are looked at together.
    pub(super) patches: usize,
    /// The step cache of each branch.
    pub(super) step_caches: StepCaches,
}

impl Workload {
    /// # Errors
    /// If the request cannot be met.
    pub(super) fn of(request: &ImageRequest, looks: Looks<'_>, step_caches: StepCaches) -> Result<Self> {
        let Looks { vit, limits } = looks;
        let sizes = sizes(request)?;
        let mut text = request.prompt.len().max(request.negative.len()).saturating_add(WORDING);
        let mut patches = 0;
        match &request.conversation {
            None => text = text.min(request.max_tokens),
            Some(conversation) => {
                // A token of words spans a byte at least.
                text = text.max(conversation_prompt(conversation)?.len());
                for picture in conversation.pictures() {
                    let seen =
                        vit_size(Size::new(picture.width(), picture.height()), limits)?.pixels() as usize;
                    patches = patches.max(seen / vit.patch_size.pow(2));
                    text += seen / vit.cell().pow(2);
                }
            }
        }
        Ok(Self {
            drawn: sizes.drawn,
            count: request.count,
            branches: request.guidance.branches(sizes.references.len()).count(),
            references: sizes.references,
            text,
            patches,
            step_caches,
        })
    }
}
