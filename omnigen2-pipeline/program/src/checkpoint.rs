//! The checkpoint that is meant, by what was given, what a record says or the environment.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use omnigen2_pipeline::hub::{Hub, HubError, RepositoryId, looks_like_repository};
use omnigen2_pipeline::{Builder, Checkpoint, Error, ImageRequest, LooseFiles};

use crate::console::Console;
use crate::failure::{Code, Failure};
use crate::interrupt::Interrupt;
use crate::pull::{self, Pulled};

const VARIABLE: &str = "OMNIGEN2_CHECKPOINT";
const LOOSE: &str = "loose files";
const SHAPES: &str = "shapes";
const TOLD: &str = "using the small shapes model inside this program, which knows nothing but coloured shapes; \
    for OmniGen2 itself give --checkpoint a directory or a repository such as OmniGen2/OmniGen2";

#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Loose files (all four, in place of a checkpoint)")]
pub(crate) struct LooseArgs {
    /// The diffusion transformer
    #[arg(long, value_name = "FILE", requires_all = ["mllm", "vae", "tokenizer"])]
    transformer: Option<PathBuf>,
    /// The language model
    #[arg(long, value_name = "FILE", requires_all = ["transformer", "vae", "tokenizer"])]
    mllm: Option<PathBuf>,
    /// The VAE, by diffusers' names or FLUX's own
    #[arg(long, value_name = "FILE", requires_all = ["transformer", "mllm", "tokenizer"])]
    vae: Option<PathBuf>,
    /// tokenizer.json, or the directory it is in
    #[arg(long, value_name = "PATH", requires_all = ["transformer", "mllm", "vae"])]
    tokenizer: Option<PathBuf>,
}

/// A place of weights, as it was named.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A directory or a repository.
    Named(String),
    /// A directory or a repository that a record names; nobody asked for it to be fetched.
    Recorded(String),
    /// One file a part.
    Loose(LooseFiles),
    /// The model inside this program.
    Shapes,
}

/// A checkpoint on this machine, and how a record names it.
#[derive(Clone)]
pub(crate) struct Found {
    place: Place,
    pub(crate) name: String,
}

#[derive(Clone)]
enum Place {
    Directory(PathBuf),
    Loose(LooseFiles),
    Shapes,
}

impl Source {
    pub(crate) fn given(checkpoint: Option<String>, loose: LooseArgs) -> Result<Option<Self>, Failure> {
        let LooseArgs { transformer, mllm, vae, tokenizer } = loose;
        match (checkpoint, transformer, mllm, vae, tokenizer) {
            (Some(name), None, ..) if name == SHAPES && !Path::new(SHAPES).is_dir() => Ok(Some(Self::Shapes)),
            (Some(name), None, ..) => Ok(Some(Self::Named(name))),
            (Some(_), ..) => {
                Err(Failure::new(Code::Request, "give a checkpoint or loose files, not both of them"))
            }
            (None, Some(transformer), Some(mllm), Some(vae), Some(tokenizer)) => {
                Ok(Some(Self::Loose(LooseFiles { transformer, mllm, vae, tokenizer })))
            }
            (None, ..) => Ok(None),
        }
    }

    /// Reads what [`Found::settings`] wrote.
    pub(crate) fn recorded(name: &str, settings: &BTreeMap<String, String>) -> Self {
        let file = |part: &str| settings.get(part).map(PathBuf::from);
        let loose = || {
            Some(LooseFiles {
                transformer: file("transformer")?,
                mllm: file("mllm")?,
                vae: file("vae")?,
                tokenizer: file("tokenizer")?,
            })
        };
        match name {
            LOOSE => loose().map_or_else(|| Self::Recorded(name.into()), Self::Loose),
            SHAPES => Self::Shapes,
            _ => Self::Recorded(name.into()),
        }
    }

    /// Allows a recorded checkpoint to be fetched where it is not on this machine.
    pub(crate) fn fetched(self) -> Self {
        match self {
            Self::Recorded(name) => Self::Named(name),
            other => other,
        }
    }

    /// The checkpoint that the environment names, or the model inside this program.
    pub(crate) fn usual() -> Self {
        let name = env::var_os(VARIABLE).filter(|name| !name.is_empty());
        name.map_or(Self::Shapes, |name| Self::Named(name.to_string_lossy().into_owned()))
    }

    /// A request with the settings that the model is usually asked with.
    pub(crate) fn usually(&self, request: ImageRequest) -> ImageRequest {
        match self {
            Self::Shapes => omnigen2_shapes::usually(request),
            Self::Named(_) | Self::Recorded(_) | Self::Loose(_) => request,
        }
    }

    /// A repository that was asked for is pulled unless there is a directory of its name.
    pub(crate) fn find(self, console: &Console, interrupt: &Interrupt) -> Result<Found, Failure> {
        let name = match &self {
            Self::Loose(files) => {
                return Ok(Found { place: Place::Loose(files.clone()), name: LOOSE.into() });
            }
            Self::Shapes => {
                console.say(TOLD);
                return Ok(Found { place: Place::Shapes, name: SHAPES.into() });
            }
            Self::Named(name) | Self::Recorded(name) => name,
        };
        let path = Path::new(name);
        if path.is_dir() {
            return Ok(Found { name: absolute(path), place: Place::Directory(path.into()) });
        }
        let repository = looks_like_repository(name).ok_or(Error::NoCheckpoint { path: path.into() })?;
        let pulled = if matches!(self, Self::Recorded(_)) {
            cached(&repository)?
        } else {
            console
                .say(format_args!("there is no directory {name}; looking for the repository {repository}"));
            pull::pull(&Hub::new(), &repository, console, interrupt)?
        };
        Ok(Found {
            name: format!("{}@{}", repository.id(), pulled.commit),
            place: Place::Directory(pulled.directory),
        })
    }
}

/// A repository in the cache. A picture must not decide what is fetched with its reader's token.
fn cached(repository: &RepositoryId) -> Result<Pulled, Failure> {
    let hub = Hub { offline: true, ..Hub::new() };
    match hub.pull(repository) {
        Err(HubError::NotCached { .. }) => {
            let message = format!(
                "the picture was drawn with the repository {repository}, which is not on this machine; --pull \
                 fetches it, and --checkpoint names another"
            );
            Err(Failure::new(Code::Hub, message))
        }
        Err(error) => Err(error.into()),
        Ok(pull) => Ok(Pulled { commit: pull.commit().to_owned(), directory: pull.finish()? }),
    }
}

impl Found {
    pub(crate) fn open(self) -> Result<Checkpoint, Failure> {
        Ok(match self.place {
            Place::Directory(path) => Checkpoint::open(path)?,
            Place::Loose(files) => Checkpoint::loose(files)?,
            Place::Shapes => omnigen2_shapes::checkpoint(),
        })
    }

    pub(crate) fn into_builder(self, builder: Builder) -> Result<Builder, Failure> {
        Ok(match self.place {
            Place::Directory(path) => builder.checkpoint(path)?,
            Place::Loose(files) => builder.files(files)?,
            Place::Shapes => builder.from_checkpoint(omnigen2_shapes::checkpoint()),
        })
    }

    pub(crate) fn directory(self) -> Result<PathBuf, Failure> {
        match self.place {
            Place::Directory(path) => Ok(path),
            Place::Loose(_) | Place::Shapes => {
                Err(Failure::new(Code::Request, "give a directory or a repository"))
            }
        }
    }

    /// The settings that a record keeps beside the name.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        match &self.place {
            Place::Directory(_) | Place::Shapes => Vec::new(),
            Place::Loose(files) => vec![
                ("transformer", absolute(&files.transformer)),
                ("mllm", absolute(&files.mllm)),
                ("vae", absolute(&files.vae)),
                ("tokenizer", absolute(&files.tokenizer)),
            ],
        }
    }
}

/// A path that means the same from another folder, as text that a record can hold.
pub(crate) fn absolute(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
    path.to_string_lossy().into_owned()
}
