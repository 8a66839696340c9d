use std::path::PathBuf;

/// The reason why a training run stops.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A checkpoint or an example that cannot be used.
    #[error(transparent)]
    Pipeline(#[from] omnigen2_pipeline::Error),
    /// A loss or a gradient that is not a finite number.
    #[error(
        "the loss of step {step} is {loss}, its gradient {norm}; the last good state is kept: start again from it with a lower rate ({rate:e} at that step) or stronger clipping"
    )]
    Diverged {
        /// The step, from 1.
        step: u64,
        /// The loss of the step.
        loss: f64,
        /// The norm of the step's gradient.
        norm: f64,
        /// The learning rate of the step.
        rate: f64,
    },
    /// A file of the run that cannot be written or read.
    #[error("cannot {action} {}; what was saved before is kept", path.display())]
    File {
        /// The attempt, a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A folder of the run that cannot be written whole, or that another process writes.
    #[error(transparent)]
    Files(#[from] omnigen2_pipeline::files::FilesError),
    /// A file that is no state of the run.
    #[error("{} is no state of this run: {why}; move it away to begin anew", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// The fault.
        why: String,
    },
    /// A recipe that cannot be read.
    #[error("the recipe {} cannot be read: {why}", path.display())]
    Recipe {
        /// The file.
        path: PathBuf,
        /// The fault and its place.
        why: String,
    },
    /// A file of examples that cannot be read.
    #[error("cannot learn from {}: {why}", path.display())]
    Data {
        /// The file.
        path: PathBuf,
        /// The fault and its place.
        why: String,
    },
    /// A setting that is impossible.
    #[error("{setting}: {why}")]
    Setting {
        /// The key of the setting.
        setting: String,
        /// The expectation, and what was found.
        why: String,
    },
    /// An end of the examples.
    #[error("there are no more examples after {seen}; give more data or fewer steps")]
    NoExamples {
        /// The number of examples before the end.
        seen: u64,
    },
    /// A lack of threads.
    #[error("cannot start threads to learn on; fewer batches a step need fewer")]
    Threads {
        /// The system's reason.
        source: rayon::ThreadPoolBuildError,
    },
    /// An example that cannot be learnt from.
    #[error("an example cannot be used: {why}")]
    Example {
        /// The fault.
        why: String,
    },
}

/// A result whose error is [`TrainError`].
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
