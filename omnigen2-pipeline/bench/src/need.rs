use burn::prelude::Device;
use omnigen2_pipeline::memory::Fit;
use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::{Checkpoint, Error, ImageRequest, Memory, OmniGen2};

use crate::joint_layer::TEXT;
use crate::setting::Setting;

/// The memory that a picture is planned to take at its peak, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// All parts in memory.
    pub resident: u64,
    /// Each part put away when its stage ends.
    pub staged: u64,
    /// The answer whether the less of them fits.
    pub fit: Fit,
}

impl Need {
    /// Plans a picture of a size with a checkpoint.
    ///
    /// # Errors
    /// If the checkpoint's headers or configurations cannot be read, or its weights cannot rest so.
    pub fn of(checkpoint: &Checkpoint, setting: Setting, size: Size, device: &Device) -> Result<Self, Error> {
        let request = ImageRequest::new("word ".repeat(TEXT)).size(size);
        let request = ImageRequest { max_pixels: size.pixels(), ..request };
        let plan = |memory| {
            let builder = OmniGen2::builder(device).from_checkpoint(checkpoint.clone()).memory(memory);
            builder.storage(setting.weights).precision(setting.compute).plan(&request)
        };
        let staged = plan(Memory::Staged)?;
        Ok(Self { resident: plan(Memory::Resident)?.peak(), staged: staged.peak(), fit: staged.fit() })
    }
}
