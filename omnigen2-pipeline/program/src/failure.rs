//! Errors and exit codes: the only place that knows which error means which code.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use clap::error::ErrorKind;
use omnigen2_pipeline::convert::ConvertError;
use omnigen2_pipeline::hub::HubError;
use omnigen2_pipeline::lora::LoraError;
use omnigen2_pipeline::metadata::MetadataError;
use omnigen2_pipeline::pixels::PixelError;
use omnigen2_pipeline::text::TextError;
use omnigen2_pipeline::weights::WeightsError;
use omnigen2_pipeline::{Error, RequestError, device::DeviceError};
use omnigen2_train::TrainError;

use crate::plain::{shortened, tame};

/// An exit code of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    Failed = 1,
    Request = 2,
    Checkpoint = 3,
    Input = 4,
    Output = 5,
    Device = 6,
    Hub = 7,
    Interrupted = 130,
    Terminated = 143,
}

const MEANINGS: [(Code, &str); 9] = [
    (Code::Failed, "it failed while computing"),
    (Code::Request, "wrong usage, or a request that cannot be met"),
    (Code::Checkpoint, "the checkpoint or an adapter is missing, incomplete or damaged"),
    (Code::Input, "a picture or its record cannot be read or used"),
    (Code::Output, "the output cannot be written"),
    (Code::Device, "the device is unknown, not built in or not there"),
    (Code::Hub, "the checkpoint cannot be had from the hub"),
    (Code::Interrupted, "interrupted by Ctrl-C"),
    (Code::Terminated, "terminated by SIGTERM"),
];

/// The codes and what they mean, for the help.
pub(crate) fn table() -> String {
    let mut text = String::from("Exit codes:\n    0  done\n");
    for (code, meaning) in MEANINGS {
        let _ = writeln!(text, "  {:>3}  {meaning}", code as u8);
    }
    text
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        (code as u8).into()
    }
}

/// An end before the work is done, and its reason.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    error: Box<dyn StdError + Send + Sync>,
}

/// A message of the program's own above an error.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Caused {
    message: String,
    source: Box<dyn StdError + Send + Sync>,
}

impl Failure {
    pub(crate) fn new(code: Code, error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { code, error: error.into() }
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// The error and its causes, whatever files and servers put into them tamed and shortened.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = vec![shortened(tame(&self.error.to_string()))];
        let mut cause = self.error.source();
        while let Some(error) = cause {
            lines.push(shortened(tame(&error.to_string())));
            cause = error.source();
        }
        lines
    }

    /// The same failure, seen from above.
    pub(crate) fn within(self, message: impl Into<String>) -> Self {
        Self { code: self.code, error: Box::new(Caused { message: message.into(), source: self.error }) }
    }
}

/// One line for the error and one for each of its causes.
pub(crate) fn report(failure: &Failure) -> ExitCode {
    let text = format!("error: {}\n", failure.lines().join("\n  caused by: "));
    let _ = std::io::stderr().write_all(text.as_bytes());
    failure.code.into()
}

/// What clap says of arguments, which it repeats however long they are.
pub(crate) fn refuse(error: &clap::Error) -> ExitCode {
    let said = error.render().to_string();
    let shown = shortened(tame(&said));
    let is_help =
        matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand);
    if is_help || shown == said {
        let _ = error.print();
    } else {
        let _ = std::io::stderr().write_all(shown.as_bytes());
    }
    if error.use_stderr() { Code::Request.into() } else { ExitCode::SUCCESS }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { code: code(&error), error: error.into() }
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        Self { code: train_code(&error), error: error.into() }
    }
}

macro_rules! from_library {
    ($($error:ty),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Error::from(error).into()
            }
        })*
    };
}

from_library!(DeviceError, HubError, MetadataError, PixelError, RequestError);

fn code(error: &Error) -> Code {
    match error {
        Error::NoCheckpoint { .. }
        | Error::NoPart { .. }
        | Error::ReadConfig { .. }
        | Error::ParseConfig { .. }
        | Error::Config { .. } => Code::Checkpoint,
        Error::Weights(WeightsError::Device { .. }) | Error::Device(_) => Code::Device,
        Error::Weights(_) => Code::Checkpoint,
        Error::Lora(LoraError::Write { .. }) => Code::Output,
        Error::Lora(_) => Code::Checkpoint,
        Error::Text(TextError::ImageCount { .. } | TextError::UnknownImage { .. }) => Code::Request,
        Error::Text(_) => Code::Checkpoint,
        Error::Input(_) | Error::Request(_) | Error::Dit(_) | Error::DoesNotFit(_) => Code::Request,
        Error::Conversation(_) | Error::Sampling(_) => Code::Request,
        Error::Pixels(_) | Error::Shown { .. } => Code::Input,
        Error::Hub(error) => match **error {
            HubError::InvalidId { .. } | HubError::InvalidRevision { .. } => Code::Request,
            _ => Code::Hub,
        },
        Error::Convert(
            ConvertError::Write { .. } | ConvertError::Folder(_) | ConvertError::NotAFolder { .. },
        ) => Code::Output,
        Error::Convert(ConvertError::Foreign { .. }) => Code::Output,
        Error::Convert(ConvertError::Within { .. }) => Code::Request,
        Error::Convert(_) => Code::Checkpoint,
        Error::Metadata(MetadataError::Write { .. }) => Code::Output,
        Error::Metadata(_) => Code::Input,
        _ => Code::Failed,
    }
}

fn train_code(error: &TrainError) -> Code {
    match error {
        TrainError::Pipeline(error) => code(error),
        TrainError::Recipe { .. } | TrainError::Setting { .. } => Code::Request,
        TrainError::File { .. } | TrainError::Files(_) => Code::Output,
        TrainError::State { .. }
        | TrainError::Data { .. }
        | TrainError::Example { .. }
        | TrainError::NoExamples { .. } => Code::Input,
        _ => Code::Failed,
    }
}
