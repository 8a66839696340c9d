//! Where the parts of a checkpoint are, and how they are loaded.

mod files;
mod need;
mod published;
mod vision;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use burn::prelude::*;
use omnigen2_dit::{Dit, DitConfig};
use omnigen2_mllm::{GenerationConfig, Mllm, MllmConfig};
use omnigen2_vae::{Vae, VaeConfig};
use omnigen2_vit::{Vit, VitConfig};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use self::files::{Embedded, Files};
use crate::text::PromptTokenizer;
use crate::weights::{Archive, Entry, LoadReport, Naming, Rest, Storage, Summary, WeightsError};
use crate::{Error, Result};

pub use self::need::PartNeed;

/// A part's name beside what describes it, for the errors and for [`Checkpoint::verify`].
pub(crate) const TRANSFORMER: &str = "transformer";
pub(crate) const MLLM: &str = "language model";
pub(crate) const VIT: &str = "vision tower";
pub(crate) const VAE: &str = "autoencoder";

/// The files of a checkpoint: the published directory, loose files, or those inside this library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    files: Files,
    root: PathBuf,
    transformer: Source,
    mllm: Source,
    vae: Source,
    processor: PathBuf,
}

/// Loose files in place of a directory, as ComfyUI repackages them. Networks are of the published sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LooseFiles {
    /// The diffusion transformer.
    pub transformer: PathBuf,
    /// The language model, with or without its vision tower.
    pub mllm: PathBuf,
    /// The VAE, by diffusers' names or FLUX's own.
    pub vae: PathBuf,
    /// `tokenizer.json`, or the directory it is in.
    pub tokenizer: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Source {
    weights: PathBuf,
    config: Option<PathBuf>,
}

impl Checkpoint {
    /// The checkpoint in a directory of the published layout.
    ///
    /// # Errors
    /// If the directory or one of its parts is not there.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self> {
        let root = directory.into();
        if !root.is_dir() {
            return Err(Error::NoCheckpoint { path: root });
        }
        let there = |part, path: PathBuf| {
            if path.exists() {
                Ok(path)
            } else {
                Err(Error::NoPart { checkpoint: root.clone(), part, expected: path })
            }
        };
        let source = |part, folder: &str| {
            let weights = there(part, root.join(folder))?;
            Ok::<_, Error>(Source { config: Some(there(part, weights.join("config.json"))?), weights })
        };
        Ok(Self {
            files: Files::Disk,
            transformer: source(TRANSFORMER, "transformer")?,
            mllm: source(MLLM, "mllm")?,
            vae: source(VAE, "vae")?,
            processor: there("tokenizer", root.join("processor"))?,
            root,
        })
    }

    /// The checkpoint made of loose files.
    ///
    /// # Errors
    /// If one of them is not there.
    pub fn loose(files: LooseFiles) -> Result<Self> {
        let LooseFiles { transformer, mllm, vae, tokenizer } = files;
        let root = transformer.parent().map(Path::to_path_buf).unwrap_or_default();
        let there = |part, path: PathBuf| {
            if path.exists() {
                Ok(path)
            } else {
                Err(Error::NoPart { checkpoint: root.clone(), part, expected: path })
            }
        };
        let source = |part, path| Ok::<_, Error>(Source { weights: there(part, path)?, config: None });
        Ok(Self {
            files: Files::Disk,
            transformer: source(TRANSFORMER, transformer)?,
            mllm: source(MLLM, mllm)?,
            vae: source(VAE, vae)?,
            processor: there("tokenizer", tokenizer)?,
            root,
        })
    }

    /// The checkpoint of the published layout whose files are inside the program, each by its path below `root`.
    /// Nothing is read from disk.
    pub fn embedded(root: impl Into<PathBuf>, files: &'static [(&'static str, &'static [u8])]) -> Self {
        let root = root.into();
        let source =
            |part| Source { weights: root.join(part), config: Some(root.join(part).join("config.json")) };
        Self {
            files: Files::Program(Embedded { root: root.clone(), files }),
            transformer: source("transformer"),
            mllm: source("mllm"),
            vae: source("vae"),
            processor: root.join("processor"),
            root,
        }
    }

    /// The directory of the checkpoint.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The transformer's configuration, checked.
    ///
    /// # Errors
    /// If it cannot be read or describes no network. So do all of these methods.
    pub fn dit_config(&self) -> Result<DitConfig> {
        Ok(self.read(&self.transformer, TRANSFORMER)?.unwrap_or_else(DitConfig::omnigen2))
    }

    /// The language model's configuration, checked.
    ///
    /// # Errors
    /// As [`dit_config`](Self::dit_config).
    pub fn mllm_config(&self) -> Result<MllmConfig> {
        Ok(self.read(&self.mllm, MLLM)?.unwrap_or_else(MllmConfig::qwen2_5_vl_3b))
    }

    /// The vision tower's configuration, checked.
    ///
    /// # Errors
    /// As [`dit_config`](Self::dit_config).
    pub fn vit_config(&self) -> Result<VitConfig> {
        #[derive(Deserialize)]
        struct Whole {
            vision_config: VitConfig,
        }
        let config = self.read(&self.mllm, VIT)?.map(|whole: Whole| whole.vision_config);
        Ok(config.unwrap_or_else(VitConfig::qwen2_5_vl_3b))
    }

    /// The autoencoder's configuration, checked.
    ///
    /// # Errors
    /// As [`dit_config`](Self::dit_config).
    pub fn vae_config(&self) -> Result<VaeConfig> {
        Ok(self.read(&self.vae, VAE)?.unwrap_or_else(VaeConfig::flux))
    }

    /// Loads the diffusion transformer.
    ///
    /// # Errors
    /// If its configuration or weights cannot be had. So do the other loaders.
    pub fn load_dit(&self, device: &Device, storage: Storage) -> Result<Dit> {
        let module = self.dit_config()?.init(device);
        Ok(self.files.weights(&self.transformer.weights)?.load(module, &DIT_NAMING, storage)?)
    }

    /// Loads the language model.
    ///
    /// # Errors
    /// As [`load_dit`](Self::load_dit).
    pub fn load_mllm(&self, device: &Device, storage: Storage) -> Result<Mllm> {
        let module = self.mllm_config()?.init(device);
        let archive = self.files.weights(&self.mllm.weights)?;
        let naming = mllm_naming(&archive);
        Ok(archive.load(module, &naming, storage)?)
    }

    /// Loads the vision tower.
    ///
    /// # Errors
    /// As [`load_dit`](Self::load_dit).
    pub fn load_vit(&self, device: &Device, storage: Storage) -> Result<Vit> {
        let module = self.vit_config()?.init(device);
        Ok(self.files.weights(&self.mllm.weights)?.load(module, &VIT_NAMING, storage)?)
    }

    /// Loads the autoencoder, as stored under [`Storage::Auto`].
    ///
    /// # Errors
    /// As [`load_dit`](Self::load_dit).
    pub fn load_vae(&self, device: &Device, storage: Storage) -> Result<Vae> {
        let module = self.vae_config()?.init(device);
        let archive = self.files.weights(&self.vae.weights)?;
        let naming = vae_naming(&archive);
        Ok(archive.load(module, &naming, storage.of_vae())?)
    }

    /// The tokenizer.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn tokenizer(&self) -> Result<PromptTokenizer> {
        match self.files {
            Files::Disk => Ok(PromptTokenizer::load(&self.processor)?),
            Files::Program(_) | Files::Nowhere => {
                let path = self.processor.join("tokenizer.json");
                Ok(PromptTokenizer::from_bytes(&self.bytes(&path)?, path)?)
            }
        }
    }

    /// Returns how the language model's replies are decoded; greedily if the checkpoint does not say.
    ///
    /// # Errors
    /// If the settings are there but cannot be read.
    pub fn generation_config(&self) -> Result<GenerationConfig> {
        let path = self.mllm.weights.join("generation_config.json");
        if self.files.has(&path) { self.parse(&path, MLLM) } else { Ok(GenerationConfig::default()) }
    }

    /// Opens the weights of every part that draws and compares all names and shapes with the configurations,
    /// from the headers alone.
    ///
    /// # Errors
    /// The first part whose files are not complete and of the right shapes.
    pub fn verify(&self, device: &Device) -> Result<()> {
        let report = |path: &Path, naming: &Naming<'_>, report: LoadReport| {
            if report.is_empty() {
                return Ok(());
            }
            let (path, component) = (path.to_owned(), naming.component.into());
            Err(Error::from(WeightsError::Report { path, component, report: report.into() }))
        };
        let dit = self.files.weights(&self.transformer.weights)?;
        report(dit.path(), &DIT_NAMING, dit.check(&self.dit_config()?.init(device), &DIT_NAMING))?;
        let mllm = self.files.weights(&self.mllm.weights)?;
        let naming = mllm_naming(&mllm);
        report(mllm.path(), &naming, mllm.check(&self.mllm_config()?.init(device), &naming))?;
        let vae = self.files.weights(&self.vae.weights)?;
        let naming = vae_naming(&vae);
        report(vae.path(), &naming, vae.check(&self.vae_config()?.init(device), &naming))?;
        self.tokenizer().map(|_| ())
    }

    /// The weights of each part, by its name: opened, nothing loaded.
    ///
    /// # Errors
    /// If a part's files cannot be opened.
    pub fn archives(&self) -> Result<Vec<PartArchive>> {
        let open = |naming: Naming<'static>, source: &Source, keep| {
            let part = naming.component;
            Ok::<_, Error>(PartArchive {
                part,
                archive: self.files.weights(&source.weights)?,
                draws: part != VIT,
                naming,
                keep,
            })
        };
        Ok(vec![
            open(DIT_NAMING, &self.transformer, |_: &str| true)?,
            open(MLLM_NAMING, &self.mllm, |name| !is_vision(name))?,
            open(VIT_NAMING, &self.mllm, is_vision)?,
            open(VAE_NAMING, &self.vae, |_| true)?,
        ])
    }

    fn read<C: DeserializeOwned>(&self, source: &Source, part: &'static str) -> Result<Option<C>> {
        source.config.as_ref().map(|path| self.parse(path, part)).transpose()
    }

    fn parse<C: DeserializeOwned>(&self, path: &Path, part: &'static str) -> Result<C> {
        serde_json::from_slice(&self.bytes(path)?).map_err(|source| Error::ParseConfig {
            path: path.into(),
            part,
            source,
        })
    }

    fn bytes(&self, path: &Path) -> Result<Cow<'static, [u8]>> {
        self.files.read(path).map_err(|source| Error::ReadConfig { path: path.into(), source })
    }

    /// What the weights of each part take on a device.
    pub(crate) fn rests(&self, storage: Storage, device: &Device) -> Result<Vec<PartNeed>> {
        if self.files == Files::Nowhere {
            return self.published_rests(storage, device);
        }
        let need =
            |archive: &PartArchive| Ok(PartNeed { part: archive.part, rest: archive.rest(storage, device)? });
        self.archives()?.iter().map(need).collect()
    }
}

/// The weights of one part, which may share its files with another.
#[derive(Debug)]
pub struct PartArchive {
    /// The part's name.
    pub part: &'static str,
    /// The files.
    pub archive: Archive,
    /// True if drawing needs it; the vision tower is for conversations alone.
    pub draws: bool,
    naming: Naming<'static>,
    keep: fn(&str) -> bool,
}

impl PartArchive {
    /// Counts and sizes of the part's own tensors.
    pub fn summary(&self) -> Summary {
        self.entries().collect()
    }

    /// The room that the part's weights take on a device.
    ///
    /// # Errors
    /// If they cannot rest so.
    pub fn rest(&self, storage: Storage, device: &Device) -> Result<Rest> {
        let storage = if self.part == VAE { storage.of_vae() } else { storage };
        self.entries().map(|entry| Ok(entry.rest(&self.naming, storage, device)?)).sum()
    }

    /// The part's own tensors.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.archive.tensors().filter(|(name, _)| (self.keep)(name)).map(|(_, entry)| entry)
    }
}

/// Names of the transformer's weights.
pub const DIT_NAMING: Naming<'static> = Naming {
    prefixes: omnigen2_dit::PREFIXES,
    tables: &[omnigen2_dit::NAMES],
    float: omnigen2_dit::FLOAT,
    bears_packing: true,
    ..Naming::of(TRANSFORMER)
};
/// Names of the language model's weights.
pub const MLLM_NAMING: Naming<'static> = Naming {
    prefixes: omnigen2_mllm::PREFIXES,
    tables: &[omnigen2_mllm::NAMES],
    ignored: &["visual.", "model.visual.", "lm_head."],
    fine: omnigen2_mllm::FINE,
    bare: &["lm_head."],
    ..Naming::of(MLLM)
};
/// Names of the vision tower's weights.
pub const VIT_NAMING: Naming<'static> =
    Naming { prefixes: omnigen2_vit::PREFIXES, tables: &[omnigen2_vit::NAMES], ..Naming::of(VIT) };

/// Names of the autoencoder's weights.
pub const VAE_NAMING: Naming<'static> = Naming { tables: &[omnigen2_vae::NAMES], ..Naming::of(VAE) };

fn mllm_naming(archive: &Archive) -> Naming<'static> {
    if archive.has_prefix("blk.") {
        let tables = &[omnigen2_mllm::NAMES, omnigen2_mllm::GGUF_NAMES];
        Naming { tables, prefixes: &[""], bare: &[], ..MLLM_NAMING }
    } else {
        MLLM_NAMING
    }
}

fn vae_naming(archive: &Archive) -> Naming<'static> {
    if archive.has_prefix("decoder.up.") {
        Naming { tables: &[omnigen2_vae::NAMES, omnigen2_vae::FLUX_NAMES], ..VAE_NAMING }
    } else {
        VAE_NAMING
    }
}

/// Tells whether a tensor of the language model's files is the vision tower's.
pub(crate) fn is_vision(name: &str) -> bool {
    omnigen2_vit::PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
