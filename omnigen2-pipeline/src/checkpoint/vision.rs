use std::path::PathBuf;

use super::{Checkpoint, VIT};
use crate::pixels::VisionLimits;
use crate::{Error, Result};

/// An image processor that resizes pictures otherwise than the vision tower reads them.
#[derive(Debug, thiserror::Error)]
#[error(
    "`patch_size` · `merge_size` is {found}, but `patch_size` · `spatial_merge_size` of the `vision_config` in {} is \
     {expected}; take both files from the same checkpoint",
    config.display()
)]
struct OtherCell {
    found: usize,
    expected: usize,
    config: PathBuf,
}

impl Checkpoint {
    /// Returns how large pictures may be for the vision tower; the published limits if the checkpoint does not say.
    ///
    /// # Errors
    /// If the settings are there but cannot be read, or pictures are not resized as the vision tower reads them.
    pub fn vision_limits(&self) -> Result<VisionLimits> {
        let path = self.processor.join("preprocessor_config.json");
        let expected = self.vit_config()?.cell();
        if !self.files.has(&path) {
            return Ok(VisionLimits { factor: expected as u32, ..VisionLimits::default() });
        }
        let limits: VisionLimits = self.parse(&path, VIT)?;
        let found = limits.factor as usize;
        if found == expected {
            return Ok(limits);
        }
        let config = self.mllm.config.clone().unwrap_or_else(|| self.mllm.weights.clone());
        let source = OtherCell { found, expected, config }.into();
        Err(Error::Config { path, part: VIT, source })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::fs;
    use std::path::Path;

    use super::*;

    const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny-checkpoint");

    /// The configurations of the tiny checkpoint, with one line of a file changed.
    fn changed(file: &str, line: &str, other: &str) -> (tempfile::TempDir, Checkpoint) {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            "transformer/config.json",
            "mllm/config.json",
            "vae/config.json",
            "processor/preprocessor_config.json",
        ];
        for name in files {
            let text = fs::read_to_string(Path::new(TINY).join(name)).unwrap();
            let text = if name == file { text.replace(line, other) } else { text };
            fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), text).unwrap();
        }
        let checkpoint = Checkpoint::open(folder.path()).unwrap();
        (folder, checkpoint)
    }

    #[test]
    fn settings_that_disagree_with_the_vision_tower_are_refused() {
        for (file, line, other) in [
            ("processor/preprocessor_config.json", "\"patch_size\": 14", "\"patch_size\": 16"),
            ("processor/preprocessor_config.json", "\"merge_size\": 2", "\"merge_size\": 3"),
            ("mllm/config.json", "\"spatial_merge_size\": 2", "\"spatial_merge_size\": 4"),
        ] {
            let (_folder, checkpoint) = changed(file, line, other);
            let refused = checkpoint.vision_limits().unwrap_err();
            let source = refused.source().map(ToString::to_string).unwrap_or_default();
            let said = format!("{refused}: {source}");
            for named in ["preprocessor_config.json", "mllm/config.json", "28", "same checkpoint"] {
                assert!(said.contains(named), "{said}");
            }
        }
    }

    #[test]
    fn without_settings_pictures_are_resized_as_the_vision_tower_reads_them() {
        let (folder, checkpoint) = changed("mllm/config.json", "\"patch_size\": 14", "\"patch_size\": 16");
        fs::remove_file(folder.path().join("processor/preprocessor_config.json")).unwrap();
        let limits = checkpoint.vision_limits().unwrap();
        assert_eq!(limits, VisionLimits { factor: 32, ..VisionLimits::default() });
    }
}
