use std::path::PathBuf;

/// What can stop a training run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A checkpoint or an example cannot be used.
    #[error(transparent)]
    Pipeline(#[from] omnigen2_pipeline::Error),
    /// The loss is not a number any more.
    #[error(
        "the loss of step {step} is {loss}, its gradient {norm}; the last good state is kept: start again from it with a lower rate ({rate:e} at that step) or stronger clipping"
    )]
    Diverged {
        /// The step, from 1.
        step: u64,
        /// Its loss.
        loss: f64,
        /// The norm of its gradient.
        norm: f64,
        /// Its learning rate.
        rate: f64,
    },
    /// A file of the run cannot be written or read.
    #[error("cannot {action} {}; what was saved before is kept", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A saved state is not one.
    #[error("{} is no state of this run: {why}; move it away to begin anew", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A recipe cannot be read.
    #[error("the recipe {} cannot be read: {why}", path.display())]
    Recipe {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        why: String,
    },
    /// Examples cannot be read.
    #[error("cannot learn from {}: {why}", path.display())]
    Data {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        why: String,
    },
    /// A setting is impossible.
    #[error("{setting}: {why}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// What is expected, and what was found.
        why: String,
    },
    /// There is nothing to learn from.
    #[error("there are no more examples after {seen}; give more data or fewer steps")]
    NoExamples {
        /// How many there were.
        seen: u64,
    },
    /// The system has no more threads.
    #[error("cannot start threads to learn on; fewer batches a step need fewer")]
    Threads {
        /// What the system said.
        source: rayon::ThreadPoolBuildError,
    },
    /// An example cannot be learnt from.
    #[error("an example cannot be used: {why}")]
    Example {
        /// What is wrong.
        why: String,
    },
}

/// [`TrainError`]'s result.
pub type Result<T, E = TrainError> = std::result::Result<T, E>;

macro_rules! from_pipeline {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for TrainError {
            fn from(error: $error) -> Self {
                Self::Pipeline(error.into())
            }
        })*
    };
}

from_pipeline!(
    omnigen2_dit::DitError,
    omnigen2_mllm::InputError,
    omnigen2_pipeline::lora::LoraError,
    omnigen2_pipeline::pixels::PixelError,
    omnigen2_pipeline::text::TextError,
);
