//! Encoding and decoding a picture: 64×64 pixels through the tiny autoencoder, 512×512 through the published one.
//!
//! Weights rest in the type of the activations: widened once for each convolution, their type does not matter.

use std::cell::LazyCell;

use burn::prelude::*;
use criterion::Criterion;
use omnigen2_vae::{Tile, VaeConfig};

use crate::{Group, is_trial, measure, must, normal, published, tiny, tiny_checkpoint};

/// Adds the benchmarks of `omnigen2-vae`.
pub fn define(criterion: &mut Criterion, device: &Device) {
    let config = must(tiny_checkpoint().vae_config());
    add(&mut tiny(criterion, "vae"), &config, 64, device);
    let pixels = if is_trial() { 256 } else { 512 };
    add(&mut published(criterion, "vae"), &VaeConfig::flux(), pixels, device);
}

fn add(group: &mut Group<'_>, config: &VaeConfig, pixels: usize, device: &Device) {
    let vae = config.init(device);
    let side = pixels / config.downscale();
    let (image, latent) = ([1, config.in_channels, pixels, pixels], [1, config.latent_channels, side, side]);
    let picture = LazyCell::new(|| normal(image, device).tanh());
    let noise = LazyCell::new(|| normal(latent, device));
    measure(group, &format!("encode/{pixels}x{pixels}"), latent, || {
        vae.encode_tiled(picture.clone(), Tile::default()).mean()
    });
    measure(group, &format!("decode/{pixels}x{pixels}"), image, || {
        vae.decode_tiled(noise.clone(), Tile::default())
    });
}
