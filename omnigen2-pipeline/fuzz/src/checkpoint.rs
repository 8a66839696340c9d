//! The small files of a checkpoint: configurations and indices.

use std::fs;
use std::path::Path;

use burn::prelude::*;
use omnigen2_pipeline::{Checkpoint, ImageRequest, OmniGen2};

use crate::{Failure, Reader, Scratch};

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/tiny-checkpoint");

/// The files that an input may stand for, by the first byte of the input.
const FILES: [&str; 6] = [
    "mllm/config.json",
    "mllm/generation_config.json",
    "processor/preprocessor_config.json",
    "transformer/config.json",
    "transformer/diffusion_pytorch_model.safetensors.index.json",
    "vae/config.json",
];

/// A checkpoint one of whose small files is the input.
pub(crate) fn configs(scratch: Scratch) -> Result<Reader, Failure> {
    let checkpoint = scratch.copy(Path::new(TINY))?;
    let device = Device::flex();
    Ok(Box::new(move |bytes| {
        let _held = &scratch;
        let Some((choice, content)) = bytes.split_first() else { return Ok(()) };
        let file = FILES[usize::from(*choice) % FILES.len()];
        fs::write(checkpoint.join(file), content)?;
        look(&checkpoint, &device);
        fs::copy(Path::new(TINY).join(file), checkpoint.join(file))?;
        Ok(())
    }))
}

/// All that is done with a checkpoint short of loading weights.
fn look(folder: &Path, device: &Device) {
    if let Ok(checkpoint) = Checkpoint::open(folder) {
        let _ = (checkpoint.dit_config(), checkpoint.mllm_config(), checkpoint.vit_config());
        let _ = (checkpoint.vae_config(), checkpoint.verify(device));
        let request = ImageRequest::new("a red fox");
        let planned = OmniGen2::builder(device).checkpoint(folder).map(|builder| builder.plan(&request));
        drop(planned);
    }
}
