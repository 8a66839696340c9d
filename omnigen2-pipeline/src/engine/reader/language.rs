use std::sync::{Arc, Mutex, PoisonError, Weak};

use burn::prelude::*;
use burn::tensor::FloatDType;
use omnigen2_files::UsedFiles;
use omnigen2_mllm::{GenerationConfig, Mllm};

use super::{Eyes, Reader, Talker};
use crate::Result;
use crate::checkpoint::Checkpoint;
use crate::engine::slot::Slot;
use crate::text::PromptTokenizer;
use crate::values::Precision;
use crate::weights::Storage;

/// How the parts that read and speak are loaded. What several of them need is loaded once, and stays for as long
/// as one of them holds it.
pub(crate) struct Language {
    pub(crate) checkpoint: Checkpoint,
    /// Where the language model computes.
    pub(crate) text: Device,
    /// Where the vision tower computes.
    pub(crate) vision: Device,
    pub(crate) storage: Storage,
    pub(crate) precision: Precision,
    pub(crate) generation: GenerationConfig,
    pub(crate) shared: Shared,
}

/// What text encoder and chat model have in common.
#[derive(Default)]
pub(crate) struct Shared {
    tokenizer: Held<PromptTokenizer>,
    mllm: Held<Mllm>,
}

impl Language {
    pub(crate) fn reader(&self) -> Result<Reader> {
        Ok(Reader::new(self.tokenizer()?, self.mllm()?, self.compute()))
    }

    /// Its networks are loaded when they are first needed.
    pub(crate) fn talker(self: &Arc<Self>) -> Result<Talker> {
        let (vision, language) = (self.clone(), self.clone());
        let eyes = Eyes::new(
            self.checkpoint.vit_config()?,
            self.checkpoint.vision_limits()?,
            Slot::lazy("vision tower", move || {
                let vit = vision.checkpoint.load_vit(&vision.vision, vision.storage)?;
                Ok(Box::new(vision.precision.of_products(vit, &vision.vision)))
            }),
            &self.vision,
        );
        let mllm = Slot::lazy("language model", move || Ok(Box::new(language.mllm()?)));
        let talker = Talker::new(self.tokenizer()?, eyes, self.checkpoint.mllm_config()?, mllm)?;
        Ok(talker.computing_in(self.compute()).decoding_as(&self.generation))
    }

    fn tokenizer(&self) -> Result<Arc<PromptTokenizer>> {
        self.shared.tokenizer.get(|| self.checkpoint.tokenizer())
    }

    fn mllm(&self) -> Result<Arc<Mllm>> {
        let load = || {
            let mllm = self.checkpoint.load_mllm(&self.text, self.storage)?;
            Ok(self.precision.of_products(mllm, &self.text))
        };
        self.shared.mllm.get(load)
    }

    fn compute(&self) -> FloatDType {
        self.precision.on(&self.text)
    }
}

/// Something that others hold, or that can be loaded.
struct Held<T>(Mutex<(Weak<T>, UsedFiles)>);

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self(Mutex::new((Weak::new(), UsedFiles::default())))
    }
}

impl<T> Held<T> {
    fn get(&self, load: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (value, files) = &mut *held;
        if let Some(value) = value.upgrade() {
            files.note();
            return Ok(value);
        }
        let (loaded, used) = UsedFiles::of(load);
        let loaded = Arc::new(loaded?);
        (*value, *files) = (Arc::downgrade(&loaded), used);
        Ok(loaded)
    }
}
