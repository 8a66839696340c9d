//! Encoding and decoding a picture of 64×64 pixels.

use std::cell::LazyCell;

use burn::prelude::*;
use criterion::Criterion;
use omnigen2_vae::VaeConfig;

use crate::{Group, measure, must, normal, published, tiny, tiny_checkpoint};

const SIDE: usize = 64;

/// Adds the benchmarks of `omnigen2-vae`.
pub fn define(criterion: &mut Criterion, device: &Device) {
    let config = must(tiny_checkpoint().vae_config());
    add(&mut tiny(criterion, "vae"), device, &config);
    add(&mut published(criterion, "vae"), device, &VaeConfig::flux());
}

fn add(group: &mut Group<'_>, device: &Device, config: &VaeConfig) {
    let vae = config.init(device);
    let side = SIDE / config.downscale();
    let (image, latent) = ([1, config.in_channels, SIDE, SIDE], [1, config.latent_channels, side, side]);
    let picture = LazyCell::new(|| normal(image, device).tanh());
    let noise = LazyCell::new(|| normal(latent, device));
    measure(group, &format!("encode/{SIDE}x{SIDE}"), latent, || vae.encode(picture.clone()).mean());
    measure(group, &format!("decode/{SIDE}x{SIDE}"), image, || vae.decode(noise.clone()));
}
