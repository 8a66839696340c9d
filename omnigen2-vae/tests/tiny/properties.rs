//! What must hold for any weights.

use crate::support::{CastTo, distance, pattern, tiny};
use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_vae::Tile;

/// Bands change only the order in which F32 statistics are summed.
const TILED: f32 = 1e-5;

/// The same F32 operations on the same numbers, in other batches.
const BATCHED: f32 = 1e-5;

/// One multiplication and one addition, and their inverses, in F32.
const ROUND_TRIP: f32 = 1e-6;

/// BF16 keeps 8 bits; some fifty layers add up their rounding.
const HALF: f32 = 0.2;

#[test]
fn tiled_decoding_is_whole_decoding() {
    let vae = tiny();
    for [height, width] in [[6, 10], [5, 3], [1, 4], [9, 1]] {
        let latent = pattern([1, 16, height, width]);
        let whole = vae.decode(latent.clone());
        for rows in [1, 2, 3, 7, 16, 31, 1000] {
            let delta = distance(vae.decode_tiled(latent.clone(), Tile::rows(rows)), whole.clone());
            assert!(delta <= TILED, "{height}×{width} in bands of {rows} differs by {delta}");
        }
    }
}

#[test]
fn tiled_encoding_is_whole_encoding() {
    let vae = tiny();
    for [height, width] in [[48, 32], [41, 23], [8, 9], [15, 64]] {
        let image = pattern([1, 3, height, width]);
        let whole = vae.encode(image.clone());
        assert_eq!(whole.mean().dims(), [1, 16, height / 8, width / 8]);
        for rows in [1, 2, 5, 16, 1000] {
            let tiled = vae.encode_tiled(image.clone(), Tile::rows(rows));
            let delta = distance(tiled.mean(), whole.mean());
            let delta = delta.max(distance(tiled.log_variance(), whole.log_variance()));
            assert!(delta <= TILED, "{height}×{width} in bands of {rows} differs by {delta}");
        }
    }
}

#[test]
fn a_batch_equals_its_singles() {
    let vae = tiny();
    let images = pattern([3, 3, 24, 40]);
    let latents = pattern([3, 16, 4, 5]);
    let means = vae.encode(images.clone()).mean();
    let decoded = vae.decode(latents.clone());
    for i in 0..3 {
        let mean = vae.encode(images.clone().narrow(0, i, 1)).mean();
        assert!(distance(mean, means.clone().narrow(0, i, 1)) <= BATCHED);
        let image = vae.decode(latents.clone().narrow(0, i, 1));
        assert!(distance(image, decoded.clone().narrow(0, i, 1)) <= BATCHED);
    }
}

#[test]
fn unscaling_undoes_scaling() {
    let vae = tiny();
    let z = pattern([1, 16, 3, 4]);
    assert!(distance(vae.unscale(vae.scale(z.clone())), z) <= ROUND_TRIP);
}

#[test]
fn zero_noise_stands_for_the_mean() {
    let posterior = tiny().encode(pattern([1, 3, 16, 16]));
    let noise = pattern([1, 16, 2, 2]);
    let moved = posterior.sample(noise.clone()) - posterior.mean();
    assert!(distance(posterior.sample(noise.zeros_like()), posterior.mean()) == 0.0);
    let deviation = (posterior.log_variance() * 0.5).exp();
    assert!(distance(moved, deviation * noise) <= ROUND_TRIP);
}

#[test]
fn the_input_decides_the_type() {
    let vae = tiny();
    let image = pattern([1, 3, 16, 24]);
    let latent = pattern([1, 16, 2, 3]);
    let (mean, decoded) = (vae.encode(image.clone()).mean(), vae.decode(latent.clone()));
    for weights in [DType::F32, DType::BF16, DType::F16] {
        let vae = vae.clone().map(&mut CastTo(weights));
        for dtype in [DType::F32, DType::BF16] {
            let found = vae.encode_tiled(image.clone().cast(dtype), Tile::rows(3)).mean();
            assert_eq!(found.dtype(), dtype);
            assert!(distance(found, mean.clone()) <= HALF);
            let found = vae.decode_tiled(latent.clone().cast(dtype), Tile::rows(3));
            assert_eq!(found.dtype(), dtype);
            assert!(distance(found, decoded.clone()) <= HALF);
        }
    }
}

#[test]
#[should_panic(expected = "smaller than 8×8")]
fn an_image_smaller_than_one_place_is_refused() {
    tiny().encode(Tensor::zeros([1, 3, 7, 64], &Device::flex()));
}

#[test]
#[should_panic(expected = "meets 4")]
fn a_latent_of_other_channels_is_refused() {
    tiny().decode(Tensor::zeros([1, 4, 8, 8], &Device::flex()));
}
