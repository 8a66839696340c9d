use std::path::PathBuf;

use burn::tensor::ExecutionError;
use omnigen2_dit::DitError;
use omnigen2_files::short;
use omnigen2_mllm::{DecodeError, InputError, SamplingError};

use crate::convert::ConvertError;
use crate::device::DeviceError;
use crate::lora::LoraError;
use crate::memory::Shortage;
use crate::metadata::MetadataError;
use crate::pixels::PixelError;
use crate::text::TextError;
use crate::values::{ConversationError, RequestError, UnresolvedPicture};
use crate::weights::WeightsError;

/// The reason why there is no picture or no reply.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A checkpoint is not there.
    #[error("there is no checkpoint at {}; check the path, or name a repository such as OmniGen2/OmniGen2", path.display())]
    NoCheckpoint {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A checkpoint lacks a part.
    #[error("the checkpoint {} has no {part}: expected it at {}; download the checkpoint again", checkpoint.display(), expected.display())]
    NoPart {
        /// The checkpoint.
        checkpoint: PathBuf,
        /// What is missing.
        part: &'static str,
        /// Where it was looked for.
        expected: PathBuf,
    },
    /// A configuration cannot be read.
    #[error("cannot read the configuration {}", path.display())]
    ReadConfig {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A configuration is not what its part expects.
    #[error("{} is no configuration of the {part}; download it again", path.display())]
    ParseConfig {
        /// The file.
        path: PathBuf,
        /// The part that it configures.
        part: &'static str,
        /// Where it breaks off.
        source: serde_json::Error,
    },
    /// A configuration describes no network.
    #[error("{} describes no {part} that can be built", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The part that it configures.
        part: &'static str,
        /// Which field is at fault.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Weights could not be loaded.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// An adapter cannot be used.
    #[error(transparent)]
    Lora(#[from] LoraError),
    /// Text could not become tokens.
    #[error(transparent)]
    Text(TextError),
    /// The language model refused its input.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The language model could not choose a token.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Tokens cannot be chosen as asked for.
    #[error(transparent)]
    Sampling(#[from] SamplingError),
    /// A conversation cannot be continued.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// A checkpoint cannot be converted.
    #[error(transparent)]
    Convert(#[from] ConvertError),
    /// A picture of a conversation cannot be looked at.
    #[error("picture {number} of the conversation cannot be looked at")]
    Shown {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        source: Box<PixelError>,
    },
    /// A picture could not be read or used.
    #[error(transparent)]
    Pixels(#[from] PixelError),
    /// A request asks for the impossible.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A request takes more memory than there is.
    #[error(transparent)]
    DoesNotFit(Box<Shortage>),
    /// The diffusion transformer refused an image.
    #[error(transparent)]
    Dit(#[from] DitError),
    /// A device is not there or not built in.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A checkpoint could not be had from the hub.
    #[cfg(feature = "hub")]
    #[error(transparent)]
    Hub(Box<crate::hub::HubError>),
    /// A picture's file could not be written, or its metadata not be read.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The device failed while computing.
    #[error("the device failed: {0:?}")]
    Execution(ExecutionError),
    /// A result could not be read from the device.
    #[error("reading a result from the device failed: {0}")]
    Read(String),
    /// The latent is no longer made of numbers.
    #[error("the latent turned non-finite in step {step} of {steps}: {cause}")]
    NonFinite {
        /// The step, from 1.
        step: usize,
        /// How many there are.
        steps: usize,
        /// What made it so.
        cause: Box<NonFiniteCause>,
    },
    /// A decoded picture is not made of numbers though its latent is.
    #[error(
        "the decoded picture is non-finite: the autoencoder's weights hold NaN or infinity; check the checkpoint"
    )]
    NonFinitePicture,
    /// A part was put away and cannot be loaded again.
    #[error("the {part} is gone and there is nothing to load it from; build the pipeline again")]
    PartGone {
        /// The part.
        part: &'static str,
    },
    /// The pipeline was built without a part.
    #[error("the pipeline has no {part}: give the builder a checkpoint or the part itself")]
    PartMissing {
        /// The part.
        part: &'static str,
    },
    /// A picture was to be judged before one was drawn.
    #[error("no round is being drawn: draw one before it is judged")]
    NothingDrawn,
    /// A part of the caller's own failed.
    #[error("a part of the pipeline failed")]
    Part(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The origin of numbers that are none, or infinite.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NonFiniteCause {
    /// The checkpoint holds one.
    #[error("{} in {} holds {found}; download the checkpoint again", short(tensor), path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The number.
        found: f32,
    },
    /// Neither the checkpoint nor the adapters hold one, but with their scales these are too strong.
    #[error("the checkpoint is sound, but the adapters are too strong: {}; choose smaller scales", .0.join(", "))]
    Adapters(Vec<String>),
    /// No file holds one.
    #[error("the checkpoint is sound; compute in F32, and check the parts of your own, if there are any")]
    Computation,
}

/// [`Error`]'s result.
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(feature = "hub")]
impl From<crate::hub::HubError> for Error {
    fn from(error: crate::hub::HubError) -> Self {
        Self::Hub(error.into())
    }
}

impl From<ExecutionError> for Error {
    fn from(error: ExecutionError) -> Self {
        Self::Execution(error)
    }
}

impl From<UnresolvedPicture> for Error {
    fn from(error: UnresolvedPicture) -> Self {
        Self::Request(error.into())
    }
}

impl From<TextError> for Error {
    fn from(error: TextError) -> Self {
        match error {
            TextError::Conversation(error) => Self::Conversation(error),
            error => Self::Text(error),
        }
    }
}

impl From<Shortage> for Error {
    fn from(shortage: Shortage) -> Self {
        Self::DoesNotFit(shortage.into())
    }
}

impl Error {
    /// Wraps the error of a part of the caller's own.
    pub fn part(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Part(error.into())
    }
}
