//! `omnigen2 pull`.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use omnigen2_pipeline::hub::{Hub, HubError, RepositoryId};

use crate::console::{Console, print, tame};
use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// How long to wait after a broken connection; twice as long after each further one.
const PAUSE: Duration = Duration::from_millis(500);

/// Fetches a checkpoint from the hub and prints its directory
///
/// Only the files that are needed come, into the cache that Python's client uses (HF_HOME, HF_HUB_CACHE). A pull
/// that was cut off goes on where it was. HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE mean what they mean there.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// OWNER/NAME, or OWNER/NAME@REVISION
    #[arg(value_name = "REPOSITORY[@REVISION]")]
    repository: String,
    /// The hub's address
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The cache directory
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Use the cache alone
    #[arg(long)]
    offline: bool,
}

/// A checkpoint in the cache.
pub(crate) struct Pulled {
    pub(crate) directory: PathBuf,
    pub(crate) commit: String,
}

pub(crate) fn run(args: Args, console: &Console, interrupt: &Interrupt) -> Result<(), Failure> {
    let repository: RepositoryId = args.repository.parse()?;
    let usual = Hub::new();
    let hub = Hub {
        endpoint: args.endpoint.unwrap_or(usual.endpoint),
        cache: args.cache.unwrap_or(usual.cache),
        offline: args.offline || usual.offline,
        ..usual
    };
    let pulled = pull(&hub, &repository, console, interrupt)?;
    print(pulled.directory.display())
}

pub(crate) fn pull(
    hub: &Hub,
    repository: &RepositoryId,
    console: &Console,
    interrupt: &Interrupt,
) -> Result<Pulled, Failure> {
    let spinner = console.spinner(&format!("asking for {repository}"));
    let mut pull = hub.pull(repository)?;
    spinner.finish_and_clear();
    let bar = console.bytes(pull.bytes_left());
    let mut failed = 0;
    for progress in pull.by_ref() {
        interrupt.check()?;
        match progress {
            Ok(progress) => {
                failed = 0;
                bar.set_length(progress.bytes_total);
                bar.set_position(progress.bytes_done);
                bar.set_message(format!(
                    "{} ({}/{})",
                    tame(&progress.file),
                    progress.files_total.min(progress.files_done + 1),
                    progress.files_total
                ));
            }
            Err(HubError::Interrupted { .. }) => {
                failed += 1;
                sleep(PAUSE * 2_u32.pow(failed));
            }
            Err(error) => return Err(error.into()),
        }
    }
    bar.finish_and_clear();
    let commit = pull.commit().to_owned();
    Ok(Pulled { directory: pull.finish()?, commit })
}
