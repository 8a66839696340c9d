//! Posteriors, scaled latents and decoded images, whole and in bands of rows.

use omnigen2_vae::Tile;

use crate::checkpoint::Checkpoint;
use crate::full;
use crate::golden::{Golden, Outcome, Score, device};

/// Some fifty F32 convolutions and normalisations, summed in another order than PyTorch's.
const TOLERANCE: f64 = 1e-4;

/// Smaller than every level of the goldens' maps, and no divisor of them.
const TILE: Tile = Tile::rows(5);

pub fn run(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    compare(case, checkpoint, TOLERANCE)
}

/// The published size.
pub fn run_full(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    compare(case, checkpoint, full::TOLERANCE)
}

fn compare(case: &Golden, checkpoint: &Checkpoint, tolerance: f64) -> Outcome {
    let device = device();
    let vae = checkpoint.vae()?;
    let tensor = |name: &str| case.tensor::<4>(name, &device);
    let mut score = Score::within(tolerance);
    for (kind, tile) in [("", Tile::WHOLE), ("tiled ", TILE)] {
        let posterior = vae.encode_tiled(tensor("in.image"), tile);
        let latent = vae.scale(tensor("in.unscaled_latent"));
        for (name, found) in [
            ("mean", posterior.mean()),
            ("logvar", posterior.log_variance()),
            ("latent", vae.scale(posterior.mean())),
            ("image", vae.decode_tiled(latent, tile)),
        ] {
            let expected = format!("out.{name}");
            if case.has(&expected) {
                score = score.compare(&format!("{kind}{name}"), &found, &tensor(&expected))?;
            }
        }
    }
    Ok(score)
}
