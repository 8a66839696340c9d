use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_vae::{Tile, Vae, VaeConfig};

use super::{Prepared, timed, whole};
use crate::synthetic::{Weights, input};

const SIDE: usize = 512;

/// The picture of a latent.
pub(super) fn decode(device: &Device) -> Prepared {
    let vae = vae("decoder.", device);
    let latent = input("latent", [1, 16, SIDE / 8, SIDE / 8], device);
    let device = device.clone();
    Prepared::new(move || whole(timed(&device, || vae.decode_tiled(latent.clone(), Tile::default()))))
}

/// The mean latent of a picture.
pub(super) fn encode(device: &Device) -> Prepared {
    let vae = vae("encoder.", device);
    let picture = input("picture", [1, 3, SIDE, SIDE], device);
    let device = device.clone();
    Prepared::new(move || whole(timed(&device, || vae.encode_tiled(picture.clone(), Tile::default()).mean())))
}

fn vae(within: &str, device: &Device) -> Vae {
    Weights { within, ..Weights::all(DType::BF16) }.fill(VaeConfig::flux().init(device))
}
