use super::{Engine, Parts};
use crate::checkpoint::{MLLM, PartArchive, TRANSFORMER, VIT};
use crate::{Error, NonFiniteCause, Result};

impl Engine {
    /// The error of a step that left a latent which is not made of numbers. To tell the cause, all weights are read.
    pub(crate) fn non_finite(&self, step: usize, steps: usize) -> Error {
        match self.cause() {
            Ok(cause) => Error::NonFinite { step, steps, cause: cause.into() },
            Err(error) => error,
        }
    }

    fn cause(&self) -> Result<NonFiniteCause> {
        let archives = self.planner.as_ref().map(|planner| planner.checkpoint().archives()).transpose()?;
        let used = archives.iter().flatten().filter(|archive| self.parts.are_loaded_from(archive.part));
        for entry in used.flat_map(PartArchive::entries).filter(|entry| entry.float().is_ok()) {
            if let Some(found) = entry.not_finite()? {
                let (path, tensor) = (entry.file().to_owned(), entry.name().to_owned());
                return Ok(NonFiniteCause::Checkpoint { path, tensor, found });
            }
        }
        let adapters = self.loras.acting();
        Ok(if adapters.is_empty() { NonFiniteCause::Computation } else { NonFiniteCause::Adapters(adapters) })
    }
}

impl Parts {
    /// Tells whether a part of the checkpoint is used, and none of the caller's own in its place.
    fn are_loaded_from(&self, part: &str) -> bool {
        match part {
            TRANSFORMER => self.denoiser.is_lazy(),
            MLLM => self.text.is_lazy() || self.chat.is_lazy(),
            VIT => self.chat.is_lazy(),
            _ => self.autoencoder.is_lazy(),
        }
    }
}
