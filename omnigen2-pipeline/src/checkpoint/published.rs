use std::path::PathBuf;

use burn::module::Module;
use burn::prelude::*;

use super::files::Files;
use super::{Checkpoint, DIT_NAMING, MLLM_NAMING, PartNeed, Source, VAE_NAMING, VIT_NAMING};
use crate::Result;
use crate::weights::{Naming, Rest, Storage};

impl Checkpoint {
    /// The published sizes without their files, to plan with and to measure. Nothing can be loaded from it.
    pub fn published() -> Self {
        let root = PathBuf::from("the published sizes, of which there are no files here");
        let source = |part| Source { weights: root.join(part), config: None };
        Self {
            files: Files::Nowhere,
            transformer: source("transformer"),
            mllm: source("mllm"),
            vae: source("vae"),
            processor: root.join("processor"),
            root,
        }
    }

    /// What the weights of each part would take on a device, if files of F32 had them, as the published ones do.
    pub(super) fn published_rests(&self, storage: Storage, device: &Device) -> Result<Vec<PartNeed>> {
        Ok(vec![
            need(&self.dit_config()?.init(device), &DIT_NAMING, storage, device)?,
            need(&self.mllm_config()?.init(device), &MLLM_NAMING, storage, device)?,
            need(&self.vit_config()?.init(device), &VIT_NAMING, storage, device)?,
            need(&self.vae_config()?.init(device), &VAE_NAMING, storage.of_vae(), device)?,
        ])
    }
}

fn need<M: Module>(
    module: &M,
    naming: &Naming<'static>,
    storage: Storage,
    device: &Device,
) -> Result<PartNeed> {
    let rest = Rest::of(module, naming, storage, device)?;
    Ok(PartNeed { part: naming.component, rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny-checkpoint");

    /// The files of the tiny checkpoint are F32, as the published ones are.
    #[test]
    fn files_need_what_their_sizes_tell() {
        let (checkpoint, device) = (Checkpoint::open(TINY).unwrap(), Device::flex());
        for &storage in Storage::ALL {
            let told = checkpoint.published_rests(storage, &device).unwrap();
            assert_eq!(checkpoint.rests(storage, &device).unwrap(), told, "{storage}");
        }
    }

    #[test]
    fn the_published_sizes_are_known_without_files() {
        let (checkpoint, device) = (Checkpoint::published(), Device::flex());
        let total = |storage| {
            let rests = checkpoint.rests(storage, &device).unwrap();
            rests.iter().map(|need| need.rest.total()).sum::<u64>() as f64 / f64::from(1 << 30)
        };
        assert!((total(Storage::F32) - 29.1).abs() < 0.1, "{}", total(Storage::F32));
        assert!(total(Storage::Q8) < 0.35 * total(Storage::F32));
        let refused = checkpoint.load_dit(&device, Storage::Auto).unwrap_err().to_string();
        assert!(refused.contains("no files here"), "{refused}");
    }
}
