use std::fs;
use std::path::Path;

use burn::prelude::*;
use omnigen2_vae::Vae;
use serde_json::{Map, Value};

use super::error::Result;
use super::error::TrainError;
use super::example::{Example, Output};
use super::pictures::planes;
use super::state::file;
use omnigen2_pipeline::files::replace;

/// How latents are spread, so that they can be brought to mean 0 and deviation 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    mean: f64,
    deviation: f64,
}

/// The spread of the latents of examples' pictures.
pub(super) fn measure(vae: &Vae, examples: &[Example], device: &Device) -> Spread {
    let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
    for example in examples {
        let Output::Picture(picture) = &example.output else { continue };
        let latent = vae.encode(planes(&[picture], device)).mean().into_data();
        for x in latent.iter::<f32>().map(f64::from) {
            (sum, squares, count) = (sum + x, squares + x * x, count + 1.0);
        }
    }
    let mean = sum / count;
    Spread { mean, deviation: (squares / count - mean * mean).sqrt() }
}

impl Spread {
    /// Puts shift and scale into the autoencoder's configuration.
    pub(super) fn write(self, checkpoint: &Path) -> Result<()> {
        let path = checkpoint.join("vae/config.json");
        let failed = |source| file("write", &path, source);
        let text = fs::read(&path).map_err(failed)?;
        let config = serde_json::from_slice(&text);
        let mut config: Map<String, Value> =
            config.map_err(|error| TrainError::State { path: path.clone(), why: error.to_string() })?;
        config.insert("shift_factor".into(), self.mean.into());
        config.insert("scaling_factor".into(), self.deviation.recip().into());
        let text = serde_json::to_vec_pretty(&config).map_err(|error| failed(error.into()))?;
        replace(&path, &text).map_err(failed)
    }
}
