//! A checkpoint at work: which weights, and how they compute.

use std::collections::BTreeMap;

use omnigen2_pipeline::memory::{Memory, Reason};
use omnigen2_pipeline::metadata::Record;
use omnigen2_pipeline::{ImageRequest, OmniGen2};

use crate::checkpoint::{LooseArgs, Source};
use crate::device;
use crate::failure::Failure;
use crate::settings::SettingsArgs;
use crate::work::Work;

#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Checkpoint")]
pub(crate) struct EngineArgs {
    /// A directory, or a repository OWNER/NAME or OWNER/NAME@REVISION, which is pulled, or `shapes` for the small model
    /// inside this program. Its files are used where they lie: cutting one short meanwhile ends the program (SIGBUS),
    /// but for those of a network's file system on Linux, which are copied into memory
    /// [env: OMNIGEN2_CHECKPOINT] [default: shapes]
    #[arg(long, value_name = "DIR|REPOSITORY")]
    checkpoint: Option<String>,
    #[command(flatten)]
    loose: LooseArgs,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// An engine of which nothing is opened yet.
pub(crate) struct Origin {
    source: Source,
    settings: SettingsArgs,
}

/// A pipeline, and what the records of its pictures say of it.
pub(crate) struct Engine {
    pub(crate) omnigen2: OmniGen2,
    source: Source,
    checkpoint: String,
    settings: BTreeMap<String, String>,
}

impl EngineArgs {
    pub(crate) fn origin(self) -> Result<Origin, Failure> {
        let given = Source::given(self.checkpoint, self.loose)?;
        Ok(Origin { source: given.unwrap_or_else(Source::usual), settings: self.settings })
    }

    /// Reads what was not given from a record.
    pub(crate) fn origin_like(self, record: &Record) -> Result<Origin, Failure> {
        let given = Source::given(self.checkpoint, self.loose)?;
        let source = given.unwrap_or_else(|| Source::recorded(&record.checkpoint, &record.settings));
        Ok(Origin { source, settings: self.settings.or_recorded(&record.settings)? })
    }
}

impl Origin {
    /// The same, but what a record names is fetched where it is not on this machine.
    pub(crate) fn fetching(self) -> Self {
        Self { source: self.source.fetched(), ..self }
    }

    /// A request with the settings that the checkpoint is usually asked with.
    pub(crate) fn usually(&self, request: ImageRequest) -> ImageRequest {
        self.source.usually(request)
    }

    pub(crate) fn open(self, work: Work<'_>) -> Result<Engine, Failure> {
        let device = device::choose(self.settings.device.as_deref())?;
        let found = self.source.clone().find(work.console, work.interrupt)?;
        let mut settings = self.settings.record(&device.name);
        settings.extend(found.settings().into_iter().map(|(name, value)| (name.to_owned(), value)));
        let checkpoint = found.name.clone();
        let builder = self.settings.apply(OmniGen2::builder(&device.device))?;
        let omnigen2 = found.into_builder(builder)?.build()?;
        let plan = omnigen2.plan(&ImageRequest::default())?;
        if let Some(plan) = plan.filter(|plan| plan.memory == Memory::Staged && plan.reason != Reason::Asked)
        {
            work.console.say(plan.choice());
        }
        Ok(Engine { omnigen2, source: self.source, checkpoint, settings })
    }
}

impl Engine {
    /// A request with the settings that the checkpoint is usually asked with.
    pub(crate) fn usually(&self, request: ImageRequest) -> ImageRequest {
        self.source.usually(request)
    }

    /// The record of a request's first picture, its references yet to be named.
    pub(crate) fn record(&self, request: &ImageRequest) -> Record {
        Record {
            version: env!("CARGO_PKG_VERSION").into(),
            request: ImageRequest { references: Vec::new(), conversation: None, ..request.clone() },
            references: Vec::new(),
            checkpoint: self.checkpoint.clone(),
            settings: self.settings.clone(),
            index: 0,
        }
    }
}
