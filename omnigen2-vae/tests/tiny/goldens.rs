//! The reference's numbers on the tiny checkpoint, through the public interface alone.

use crate::support::{distance, fixture, read, tiny};
use omnigen2_vae::Tile;
use safetensors::SafeTensors;

/// Some fifty F32 convolutions and normalisations, summed in another order than the reference's.
const TOLERANCE: f32 = 1e-4;

#[test]
fn agrees_with_the_reference() {
    let vae = tiny();
    for case in ["case_0", "case_1", "case_2"] {
        let bytes = std::fs::read(fixture(&format!("goldens/vae/{case}.safetensors"))).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        for tile in [Tile::WHOLE, Tile::rows(5)] {
            let posterior = vae.encode_tiled(read(&file, "in.image"), tile);
            let latent = vae.scale(read(&file, "in.unscaled_latent"));
            for (name, found) in [
                ("out.mean", posterior.mean()),
                ("out.logvar", posterior.log_variance()),
                ("out.latent", vae.scale(posterior.mean())),
                ("out.image", vae.decode_tiled(latent, tile)),
            ] {
                let delta = distance(found, read(&file, name));
                println!("{case} {name} {delta:.1e}");
                assert!(delta <= TOLERANCE, "{case}: {name} differs by {delta}");
            }
        }
    }
}
