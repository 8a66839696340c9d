use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::Result;
use super::pictures::write_png;
use super::state::file;
use omnigen2_pipeline::files::disk;
use omnigen2_pipeline::{ImageRequest, OmniGen2};

/// Pictures that are drawn on the way, so that one sees what a run has learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// The number of steps after which pictures are drawn.
    pub every: u64,
    /// The prompts that are drawn: a file for each, `step-000500-1.png`.
    pub prompts: Vec<String>,
    /// The settings with which they are drawn.
    #[serde(default)]
    pub settings: ImageRequest,
}

impl Validation {
    /// Whether all pictures of a step are there.
    pub(super) fn is_drawn(&self, folder: &Path, step: u64) -> bool {
        (1..=self.prompts.len()).all(|number| folder.join(name(step, number)).is_file())
    }

    pub(super) fn draw(&self, omnigen2: &mut OmniGen2, folder: &Path, step: u64) -> Result<()> {
        disk::create_folders(folder).map_err(|source| file("create", folder, source))?;
        for (prompt, number) in self.prompts.iter().zip(1..) {
            let request = ImageRequest { prompt: prompt.clone(), count: 1, ..self.settings.clone() };
            for picture in omnigen2.generate(&request)?.finish()? {
                write_png(&folder.join(name(step, number)), &picture)?;
            }
        }
        Ok(())
    }
}

fn name(step: u64, number: usize) -> String {
    format!("step-{step:06}-{number}.png")
}
