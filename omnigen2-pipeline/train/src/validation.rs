use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::Result;
use super::pictures::write_png;
use super::state::file;
use omnigen2_pipeline::{ImageRequest, OmniGen2};

/// Pictures that are drawn on the way, so that one sees what a run has learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// After how many steps they are drawn.
    pub every: u64,
    /// What is drawn: a file for each, `step-000500-1.png`.
    pub prompts: Vec<String>,
    /// How it is drawn.
    #[serde(default)]
    pub settings: ImageRequest,
}

impl Validation {
    pub(super) fn draw(&self, omnigen2: &mut OmniGen2, folder: &Path, step: u64) -> Result<()> {
        fs::create_dir_all(folder).map_err(|source| file("create", folder, source))?;
        for (prompt, number) in self.prompts.iter().zip(1..) {
            let request = ImageRequest { prompt: prompt.clone(), count: 1, ..self.settings.clone() };
            for picture in omnigen2.generate(&request)?.finish()? {
                let path = folder.join(format!("step-{step:06}-{number}.png"));
                write_png(&path, &picture)?;
            }
        }
        Ok(())
    }
}
