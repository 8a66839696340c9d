//! The checkpoint under test; each part is loaded when a case first needs it and released by the next part.

use std::cell::RefCell;
use std::path::PathBuf;

use burn::module::Module;
use omnigen2_dit::Dit;
use omnigen2_mllm::Mllm;
use omnigen2_pipeline::weights::Storage;
use omnigen2_pipeline::{Builder, OmniGen2, Precision};
use omnigen2_rope::ops::Bf16Products;
use omnigen2_vae::Vae;
use omnigen2_vit::Vit;

use crate::golden::{device, storage};

/// A checkpoint directory, of which one part at a time is in memory.
pub struct Checkpoint {
    pub root: PathBuf,
    loaded: RefCell<Option<Part>>,
}

#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
enum Part {
    Dit(Dit),
    Mllm(Mllm),
    Vit(Vit),
    Vae(Vae),
}

macro_rules! part {
    ($name:ident, $kind:ident, $load:ident) => {
        pub fn $name(&self) -> Result<$kind, String> {
            if let Some(Part::$kind(part)) = &*self.loaded.borrow() {
                return Ok(part.clone());
            }
            self.loaded.replace(None);
            let part = self.files()?.$load(&device(), storage()).map_err(causes)?;
            let part =
                if storage() == Storage::Bf16 { part.apply_reparameterization(Bf16Products) } else { part };
            self.loaded.replace(Some(Part::$kind(part.clone())));
            Ok(part)
        }
    };
}

impl Checkpoint {
    pub fn new(root: PathBuf) -> Self {
        Self { root, loaded: RefCell::new(None) }
    }

    /// Its files and configurations.
    pub fn files(&self) -> Result<omnigen2_pipeline::Checkpoint, String> {
        omnigen2_pipeline::Checkpoint::open(&self.root).map_err(causes)
    }

    /// A pipeline that computes with its very numbers.
    pub fn builder(&self) -> Result<Builder, String> {
        let builder = OmniGen2::builder(&device()).checkpoint(&self.root).map_err(causes)?;
        Ok(builder.storage(storage()).precision(Precision::F32))
    }

    part!(dit, Dit, load_dit);
    part!(mllm, Mllm, load_mllm);
    part!(vit, Vit, load_vit);
    part!(vae, Vae, load_vae);
}

/// An error with all its causes.
pub fn causes(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}
